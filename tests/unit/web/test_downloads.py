import asyncio
import os
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect

from linemill.catalog.records import How
from linemill.catalog.rows import OutputRow
from linemill.web.downloads import CHUNK_BYTES, attachment

SCOPE = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "method": "GET", "headers": []}


@pytest.fixture
def output(tmp_path):
    def make(content: bytes) -> OutputRow:
        path: Path = tmp_path / "out.log"
        path.write_bytes(content)
        return OutputRow(1, 1, 1, "all", How.WHOLE, path, 0, len(content), 0, (), is_published=True, replaced_by=None)

    return make


def _run(answer, send, receive=None):
    async def wait_for_ever():
        await asyncio.Event().wait()

    asyncio.run(answer(SCOPE, receive or wait_for_ever, send))


def _open_files():
    return len(os.listdir("/proc/self/fd"))


def test_a_download_is_read_in_pieces_while_it_is_sent(output):
    sent = []

    async def send(message):
        sent.append(len(message.get("body", b"")))

    _run(attachment(output(b"x" * (3 * CHUNK_BYTES + 1))), send)
    assert sent == [0, CHUNK_BYTES, CHUNK_BYTES, CHUNK_BYTES, 1, 0]


def test_a_client_that_breaks_off_ends_the_reading(output):
    sent = []

    async def send(message):
        sent.append(message["type"])
        if len(sent) == 3:
            raise OSError("the connection is gone")

    before = _open_files()
    answer = attachment(output(b"x" * (50 * CHUNK_BYTES)))
    with pytest.raises(ClientDisconnect):
        _run(answer, send)
    assert len(sent) == 3
    assert _open_files() == before


def test_an_output_that_becomes_shorter_ends_the_download_early(output):
    row = output(b"x" * (2 * CHUNK_BYTES))
    sent = []

    async def send(message):
        sent.append(len(message.get("body", b"")))
        os.truncate(row.target, CHUNK_BYTES)

    _run(attachment(row), send)
    assert sum(sent) == CHUNK_BYTES

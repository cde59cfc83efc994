"""Slow, broken-off and endless clients of a real mill: it goes on, answers others, and keeps its memory."""

import contextlib
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from linemill.web.guard import BODY_S, HEAD_S, MOST_CONNECTIONS
from linemill.web.server import STOP_S
from tests.crash.mills import wait_for

pytestmark = pytest.mark.slow

PIPELINE = """\
nodes:
  keep: {use: "steps:keep", to: all}
outputs:
  all: out/{name}
workers: {count: 1}
upload: {max_size: 1 MB}
"""

STEPS = "def keep(line: str) -> str:\n    return line\n"

HOST = b"Host: 127.0.0.1\r\n"
STREAM = b"GET /stats HTTP/1.1\r\n" + HOST + b"Accept: text/event-stream\r\n\r\n"
FORM = b"POST /files HTTP/1.1\r\n" + HOST + b"Content-Type: multipart/form-data; boundary=x\r\n"
PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.log"\r\n\r\n'

LIMIT_S = 60.0

ADDRESS = re.compile(r"Dashboard on http://127.0.0.1:(\d+)\n")
LATE_S = 15.0
"""What a busy machine may take longer than promised."""

MEMORY_MB = 150


@dataclass
class Served:
    """A mill with its dashboard, and everybody who has connected to it."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int
    clients: list[socket.socket] = field(default_factory=list)

    def connect(self, said: bytes = b"") -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), LIMIT_S)
        self.clients.append(client)
        client.sendall(said)
        return client

    def is_healthy(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=LIMIT_S) as answer:
            return bool(answer.status == 200)

    def is_reached(self) -> bool:
        """Tell whether it takes another connection."""
        try:
            return self.is_healthy()
        except OSError:
            return False

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) * 1024 / 1e6

    def works(self, count: int) -> None:
        """Have files worked, and hold that they are."""
        for number in range(count):
            (self.folder / f"inbox/{number}.tmp").write_text("line\n" * 100)
            (self.folder / f"inbox/{number}.tmp").rename(self.folder / f"inbox/{number}.log")
        wait_for(lambda: len(list((self.folder / "processed").iterdir())) == count, f"{count} files")

    def parts(self) -> list[str]:
        """What is left of uploads that have not come to their end."""
        return [path.name for path in (self.folder / "inbox").iterdir() if path.suffix == ".part"]


@pytest.fixture
def served(
    write_project: Callable[[str, str], Path], start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> Iterator[Served]:
    folder = write_project(PIPELINE, STEPS)
    words = tmp_path.with_suffix(".stderr")
    with words.open("wb") as file:
        process = start("watch", "--port", "0", stderr=file)
    wait_for(lambda: ADDRESS.search(words.read_text()) is not None, "the dashboard", words.read_text)
    served = Served(process, folder, int(ADDRESS.findall(words.read_text())[0]))
    assert served.is_healthy()
    yield served
    for client in served.clients:
        client.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == 0
    assert "web_" not in words.read_text()


def _rest(client: socket.socket) -> bytes:
    """Read until the server ends the connection; who waits in vain has a timeout."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while more := client.recv(65536):
            said += more
    return said


def test_two_hundred_streams_and_slow_clients_leave_the_work_alone(served):
    streams = [served.connect(STREAM) for _ in range(200)]
    for stream in streams:
        assert b"event: hello" in _until(stream, b"event: hello")
    before = served.memory_mb()
    for _ in range(30):
        served.connect(b"GET /stats HTTP/1.1\r\nHos")
        served.connect(FORM + b"Content-Length: 500000\r\n\r\n" + PART + b"line\n")
        served.connect(STREAM).shutdown(socket.SHUT_WR)
        served.connect(b"GET /files HTTP/1.1\r\n" + HOST + b"\r\n").close()
        served.connect(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100)
    served.works(50)
    assert served.is_healthy()
    assert served.memory_mb() < MEMORY_MB
    assert served.memory_mb() - before < 30
    began = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(LIMIT_S) == 0
    assert time.monotonic() - began < STOP_S + LATE_S
    assert not [path.name for path in (served.folder / "inbox").iterdir()]


def test_heads_and_bodies_that_stand_still_are_ended(served):
    head = served.connect(b"GET /stats HTTP/1.1\r\nHos")
    body = served.connect(FORM + b"Content-Length: 500000\r\n\r\n" + PART + b"line\n")
    began = time.monotonic()
    assert _rest(head).startswith(b"HTTP/1.1 408 ")
    assert HEAD_S - 1 < time.monotonic() - began < HEAD_S + LATE_S
    assert _rest(body).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < BODY_S + 2 + LATE_S
    wait_for(lambda: not served.parts(), "the end of what was half sent")


@pytest.mark.parametrize("path", [b"/files", b"/pause", b"/nowhere"])
def test_a_body_without_an_end_is_refused_and_ended(served, path):
    client = served.connect(FORM.replace(b"/files", path) + b"Transfer-Encoding: chunked\r\n\r\n")
    before = served.memory_mb()
    heard: list[bytes] = []
    listening = threading.Thread(target=lambda: heard.append(_rest(client)))
    listening.start()
    sent = 0
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with contextlib.suppress(OSError):
        client.sendall(b"%x\r\n" % len(PART) + PART + b"\r\n")
        while listening.is_alive():
            client.sendall(chunk)
            sent += len(chunk)
            assert sent < 2**36
    listening.join(LIMIT_S)
    assert re.match(rb"HTTP/1.1 4\d\d ", heard[0])
    assert served.memory_mb() - before < 20
    assert served.is_healthy()
    assert not [each.name for each in (served.folder / "inbox").iterdir() if each.suffix == ".part"]


def test_more_connections_than_there_may_be_are_told_so_and_the_mill_goes_on(served):
    for _ in range(MOST_CONNECTIONS):
        served.connect()
    assert b" 503 " in _rest(served.connect())
    served.works(10)
    for client in served.clients:
        client.close()
    wait_for(served.is_reached, "a place for one more")


def test_who_asks_and_never_reads_takes_no_memory(served):
    before = served.memory_mb()
    for _ in range(20):
        client = served.connect()
        client.settimeout(0.5)
        with contextlib.suppress(OSError):
            for _ in range(200):
                client.sendall(b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n")
    assert served.is_healthy()
    served.works(10)
    assert served.memory_mb() - before < 30


def _until(client: socket.socket, words: bytes) -> bytes:
    said = b""
    while words not in said and (more := client.recv(65536)):
        said += more
    return said

"""Who gets into the dashboard of the real program, from the first token to the last."""

import base64
import http.client
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PIPELINE = 'nodes:\n  keep: {use: "steps:keep", to: all}\noutputs:\n  all: out/{name}\n'

STEPS = "def keep(line: str) -> str:\n    return line\n"

HOLDS_WITHIN_S = 2.0
"""How long a token that was made or revoked by another process may go unnoticed."""

SLACK_S = 10.0
"""For a machine that is busy with other things."""


@pytest.fixture
def port(write_project: Callable[[str, str], Path], start: Callable[..., subprocess.Popen[bytes]]) -> int:
    """A dashboard that runs."""
    write_project(PIPELINE, STEPS)
    process = start("serve", "--port", "0")
    assert process.stderr is not None
    while line := process.stderr.readline().decode():
        if found := re.match(r"Dashboard on http://127\.0\.0\.1:(\d+)", line):
            return int(found[1])
    raise AssertionError("it has not begun")


def _status(port: int, path: str, method: str = "GET", **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SLACK_S)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse().status
    finally:
        connection.close()


def _becomes(status: int, ask: Callable[[], int]) -> None:
    """Wait until an answer is what it should become, and hold that it was soon enough."""
    began = time.monotonic()
    while ask() != status:
        assert time.monotonic() - began < HOLDS_WITHIN_S + SLACK_S
        time.sleep(0.05)


def test_tokens_open_and_close_a_dashboard_that_runs(port, linemill):
    assert _status(port, "/files") == 200
    assert _status(port, "/files", Host="127.0.0.1.evil.example") == 403
    made = linemill("token", "create", "--role", "operator", "--name", "ann")
    assert (made.returncode, made.stdout.count("\n")) == (0, 1)
    secret = made.stdout.strip()
    _becomes(401, lambda: _status(port, "/files"))

    bearer = f"Bearer {secret}"
    basic = "Basic " + base64.b64encode(f"anybody:{secret}".encode()).decode()
    assert [_status(port, "/files", Authorization=shown) for shown in (bearer, basic, bearer + "x")] == [200, 200, 401]
    assert _status(port, "/pause", "POST", Authorization=basic) == 202
    assert _status(port, "/pause", "POST", Authorization=basic, Origin="http://evil.example") == 403
    assert _status(port, "/tokens", Authorization=bearer) == 403
    assert "ann" in linemill("token", "list").stdout

    assert linemill("token", "revoke", "ann").returncode == 0
    _becomes(401, lambda: _status(port, "/files", Authorization=bearer))
    assert [_status(port, path) for path in ("/files", "/nowhere", "/health")] == [401, 401, 200]


def test_a_head_has_no_body_over_the_wire_either(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SLACK_S)
    for _ in range(3):  # a body would be taken for the next answer
        connection.request("HEAD", "/stats")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
    connection.close()


def test_a_stream_of_a_token_that_is_revoked_ends(port, linemill):
    secret = linemill("token", "create", "--role", "viewer").stdout.strip()
    _becomes(401, lambda: _status(port, "/stats"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/stats", headers={"Accept": "text/event-stream", "Authorization": f"Bearer {secret}"})
    answer = connection.getresponse()
    assert answer.readline() == b"event: hello\n"
    linemill("token", "revoke", "viewer")
    answer.read()  # times out if it goes on
    assert answer.isclosed()
    connection.close()

"""The dashboard of the real program: where it is, what it needs, how it ends, and that it is not what the work hangs on."""

import json
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from linemill.files.incoming import Incoming
from tests.crash.mills import wait_for

pytestmark = pytest.mark.slow

PIPELINE = """\
nodes:
  keep: {use: "steps:keep", to: all}
outputs:
  all: out/{name}
workers: {count: 1}
"""

STEPS = "def keep(line: str) -> str:\n    return line\n"

HALF_A_FORM = (
    b"POST /files HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.log"\r\n\r\n' + b"x" * 1_000_000
)

LIMIT_S = 60


@pytest.fixture
def shop(write_project: Callable[[str, str], Path]) -> Path:
    return write_project(PIPELINE, STEPS)


@pytest.fixture
def reached(start: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., tuple[subprocess.Popen[bytes], str]]:
    """Start a command, and give it with the address that it says."""

    def begin(*arguments: str) -> tuple[subprocess.Popen[bytes], str]:
        process = start(*arguments, "--port", "0")
        assert process.stderr is not None
        said = []
        while line := process.stderr.readline().decode():
            said.append(line)
            if found := re.match(r"Dashboard on (http://\S+)", line):
                return process, found[1]
        raise AssertionError("".join(said))

    return begin


def _asked(url: str, data: bytes | None = None, **headers: str) -> Any:
    request = urllib.request.Request(url, data, {name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
        return json.load(answer)


def _ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=LIMIT_S)
    return process.returncode, err.decode()


def _parts(shop: Path) -> int:
    """Count the files that are still being sent."""
    return len(list((shop / "inbox").glob(".linemill-incoming-*")))


@pytest.fixture
def other_port() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_file_that_is_sent_is_worked_and_seen(shop, reached):
    mill, url = reached("watch")
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="till.log"\r\n\r\none\ntwo\n\r\n--x--\r\n'
    said = _asked(f"{url}/files", body, Content_Type="multipart/form-data; boundary=x")
    assert said == {"files": [{"name": "till.log", "size": 8, "href": "/files?name=till.log"}]}
    wait_for((shop / "processed/till.log").exists, "the file that was sent")
    assert (shop / "out/till.log").read_text() == "one\ntwo\n"
    wait_for(lambda: [file["state"] for file in _asked(url + said["files"][0]["href"])["files"]] == ["done"], "its page")
    code, words = _ended(mill)
    assert code == 0
    assert "web_" not in words


@pytest.mark.parametrize("command", ["watch", "serve"])
def test_a_port_on_which_somebody_listens_stops_the_start(shop, linemill, command, other_port):
    said = linemill(command, "--port", str(other_port))
    assert said.returncode == 2
    assert said.stderr.startswith(f"linemill: port {other_port} is in use already [127.0.0.1:{other_port}]; ")
    assert not (shop / "processing").exists()


@pytest.mark.parametrize("command", ["watch", "serve"])
def test_other_machines_may_only_come_where_somebody_can_sign_in(shop, linemill, command):
    said = linemill(command, "--host", "0.0.0.0", "--port", "0")
    assert said.returncode == 2
    assert "linemill token create" in said.stderr


def test_a_mill_may_do_without(shop, linemill, start):
    mill = start("watch", "--no-web", "--port", "1")
    assert mill.stderr is not None
    assert any(b"Watching" in line for line in mill.stderr)
    code, words = _ended(mill)
    assert code == 0
    assert "Dashboard" not in words


def test_serve_shows_a_catalog_without_a_mill_and_makes_it_if_it_is_missing(shop, reached, linemill):
    server, url = reached("serve")
    assert _asked(f"{url}/files")["files"] == []
    assert _asked(f"{url}/stats")["mill"]["is_running"] is False
    (shop / "a.log").write_text("x\n")
    assert linemill("run", "a.log").returncode == 0
    assert [file["name"] for file in _asked(f"{url}/files")["files"]] == ["a.log"]
    assert _ended(server)[0] == 0


def test_what_is_asked_of_serve_is_done_by_the_mill_beside_it(shop, reached, start):
    server, url = reached("serve")
    mill, of_mill = reached("watch")
    assert _asked(f"{url}/pause", b"reason=backup")["asked"]
    assert _asked(f"{of_mill}/stats")["mill"]["paused"]["reason"] == "backup"
    (shop / "inbox/a.log").write_text("x\n")
    assert _asked(f"{url}/resume", b"")["asked"]
    wait_for((shop / "processed/a.log").exists, "the mill that goes on")
    assert _ended(mill)[0] == 0
    assert _asked(f"{url}/stats")["mill"]["is_running"] is False
    assert _ended(server)[0] == 0


def test_serve_goes_by_the_last_pipeline_that_was_right(shop, reached):
    server, url = reached("serve")
    assert _asked(f"{url}/pipeline")["name"] == shop.name
    (shop / "pipeline.yaml").write_text(f"name: other\n{PIPELINE}")
    wait_for(lambda: _asked(f"{url}/pipeline")["name"] == "other", "the changed pipeline")
    (shop / "pipeline.yaml").write_text(f"name: third\nnoodles: 3\n{PIPELINE}")
    assert server.stderr is not None
    assert any(b"pipeline_refused" in line for line in server.stderr)
    assert _asked(f"{url}/pipeline")["name"] == "other"
    assert _ended(server)[0] == 0


def test_serve_refuses_a_pipeline_that_is_wrong_from_the_start(shop, linemill):
    (shop / "pipeline.yaml").write_text(f"noodles: 3\n{PIPELINE}")
    said = linemill("serve", "--port", "0")
    assert said.returncode == 2
    assert 'unknown key "noodles"' in said.stderr


@pytest.mark.parametrize("command", ["watch", "serve"])
def test_what_a_killed_upload_left_is_gone_after_the_next_start(shop, reached, command):
    mill, url = reached(command)
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(HALF_A_FORM)
        wait_for(lambda: _parts(shop) == 1, "half an upload")
        mill.kill()
        mill.wait()
    assert _parts(shop) == 1
    of_somebody_alive = Incoming(shop / "inbox")
    assert _parts(shop) == 2
    again, _ = reached(command)
    assert _parts(shop) == 1
    of_somebody_alive.discard()
    assert _ended(again)[0] == 0


def test_an_upload_that_breaks_off_leaves_nothing(shop, reached):
    mill, url = reached("watch")
    host, port = url.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)))
    client.sendall(HALF_A_FORM)
    wait_for(lambda: _parts(shop) == 1, "half an upload")
    client.close()
    wait_for(lambda: _parts(shop) == 0, "its end")
    code, words = _ended(mill)
    assert code == 0
    assert "web_error" not in words
    assert not (shop / "out/a.log").exists()

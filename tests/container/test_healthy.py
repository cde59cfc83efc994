import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HEALTHY = Path(__file__).resolve().parents[2] / "container/healthy.py"


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """Answer one request on the port that this gives."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                asked = connection.recv(1000)
                assert asked.startswith(b"GET /health HTTP/1.1\r\n")
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def ask(port: int) -> tuple[int, str]:
    """Ask as the image does, where a proxy is named as well."""
    environment = {"http_proxy": "http://127.0.0.1:1"}
    said = subprocess.run([sys.executable, "-I", HEALTHY, str(port)], env=environment, capture_output=True, text=True)
    assert said.stderr == ""
    return said.returncode, said.stdout


def test_a_mill_that_answers_is_healthy():
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as port:
        assert ask(port) == (0, "alive\n")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "answers 503"),
        (b"nonsense\r\n\r\n", "does not answer: nonsense"),
        (b"", "does not"),
    ],
)
def test_any_other_answer_is_unhealthy_and_says_why(answer, said):
    with answering(answer) as port:
        code, text = ask(port)
    assert code == 1
    assert said in text


def test_no_answer_is_unhealthy():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    code, text = ask(port)
    assert code == 1
    assert f"http://127.0.0.1:{port}/health does not answer" in text

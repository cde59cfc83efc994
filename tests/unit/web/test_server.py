"""The server in its thread: where it listens, what it does with clients that take their time, and how it ends."""

import http.client
import socket
import threading
from contextlib import ExitStack

import pytest

from linemill.errors import UsageError
from linemill.web.app import application
from linemill.web.server import WebServer, bound, url_of


class Log:
    """Keeps what it is told."""

    def __init__(self):
        self.told = []

    def info(self, event, **values):
        self.told.append(event)

    warning = error = info


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def server(site, log):
    server = WebServer(bound("127.0.0.1", 0), site, log)
    server.start()
    yield server
    server.stop()


def _connected(server):
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    connection.connect()
    return connection


def _ask(server, path="/health"):
    connection = _connected(server)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_a_port_on_which_somebody_listens_is_refused_in_words():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError) as caught:
            bound("127.0.0.1", port)
    hint = "stop what listens there, or name another port (--port 0 takes a free one)"
    assert str(caught.value) == f"port {port} is in use already [127.0.0.1:{port}]; {hint}"


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("192.0.2.1", "this machine does not have that address [192.0.2.1:0]; name one that it has, such as --host 127.0.0.1"),
        ("no such host", "--host names no address: "),
        ("x" * 300, "--host names no address: "),
        ("a\x1b[2J", "--host names no address: "),
    ],
)
def test_an_address_that_is_none_of_ours_is_refused_in_words(host, words):
    with pytest.raises(UsageError) as caught:
        bound(host, 0)
    assert str(caught.value).startswith(words)
    assert str(caught.value).isprintable()


def test_port_0_takes_a_free_one_and_says_which():
    with bound("127.0.0.1", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert not url_of(listener).endswith(":0")


def test_an_address_of_the_sixth_version_stands_in_brackets():
    with bound("::1", 0) as listener:
        assert url_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"


def test_who_connects_before_the_server_is_there_is_answered_by_it(site, log):
    server = WebServer(bound("127.0.0.1", 0), site, log)
    early = _connected(server)
    early.request("GET", "/health")
    server.start()
    assert early.getresponse().status == 200
    early.close()
    server.stop()


def test_it_does_not_say_what_it_is_made_of(server):
    connection = _connected(server)
    connection.request("GET", "/health")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert "server" not in {name.lower() for name, _ in answer.getheaders()}


@pytest.mark.slow
def test_it_ends_whatever_clients_do(site, log):
    ended = threading.Event()
    server = WebServer(bound("127.0.0.1", 0), site, log, ended.set)
    server.start()
    assert _ask(server)[0] == 200
    port = int(server.url.rpartition(":")[2])
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(4)]
        half_a_head, half_a_body, deaf = clients[1:]  # and one that says nothing
        half_a_head.sendall(b"GET /health HT")
        half_a_body.sendall(b"POST /files HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nabc")
        deaf.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 50)
        assert _ask(server)[0] == 200
        server.stop()
        assert ended.wait(60), "it waits for its clients"
        with pytest.raises(OSError):
            _connected(server)


@pytest.mark.parametrize("is_started", [False, True])
def test_it_may_be_stopped_before_it_answers(site, log, is_started):
    server = WebServer(bound("127.0.0.1", 0), site, log)
    if is_started:
        server.start()
    server.stop()
    assert log.told == []


def test_one_that_breaks_is_logged_and_tells_that_it_has_ended(site, log, monkeypatch):
    monkeypatch.setattr("linemill.web.serving.application", lambda site: 1 / 0)
    ended = threading.Event()
    server = WebServer(bound("127.0.0.1", 0), site, log, ended.set)
    server.start()
    assert ended.wait(30)
    server.stop()
    assert (server.has_failed, log.told) == (True, ["web_failed"])


class Broken:
    """Breaks on one path."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        assert scope.get("path") != "/broken"
        await self.app(scope, receive, send)


def test_an_application_that_breaks_is_logged_and_the_next_request_is_answered(site, log, monkeypatch):
    def broken(site):
        app = application(site)
        app.add_middleware(Broken)
        return app

    monkeypatch.setattr("linemill.web.serving.application", broken)
    server = WebServer(bound("127.0.0.1", 0), site, log)
    server.start()
    assert _ask(server, "/broken")[0] == 500
    assert _ask(server)[0] == 200
    server.stop()
    assert log.told == ["web_error"]

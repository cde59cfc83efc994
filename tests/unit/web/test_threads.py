"""What is computed takes turns, so that the mill gets on; what waits for a disk does not wait for it."""

import http.client
import threading

import pytest

from linemill.mill.control import Control
from linemill.web.models import ErrorList
from linemill.web.server import WebServer, bound
from linemill.web.threads import COMPUTING

MANY = 12
FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.log"\r\n\r\nline\n\r\n--x--\r\n'


class Log:
    def info(self, event, **values):
        pass

    warning = error = info


class Slow:
    """Takes until it is told to end, and counts how many of it there are at once."""

    def __init__(self):
        self.ends = threading.Event()
        self.enough = threading.Event()
        self.at_once = self.most = self.calls = 0
        self._lock = threading.Lock()

    def __call__(self, *args, **kwargs):
        with self._lock:
            self.calls += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            if self.at_once >= COMPUTING:
                self.enough.set()
        assert self.ends.wait(60)  # longer than a client waits
        with self._lock:
            self.at_once -= 1
        return ErrorList(groups=(), letters=(), failed=(), after=None)


@pytest.fixture
def server(site):
    server = WebServer(bound("127.0.0.1", 0), site, Log())
    server.start()
    yield server
    server.stop()


def _answer(server, method, path, body=None, headers=()):
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    connection.request(method, path, body, dict(headers))
    status = connection.getresponse().status
    connection.close()
    return status


def test_few_answers_are_computed_at_once_and_an_upload_does_not_wait_for_them(server, site, monkeypatch):
    slow = Slow()
    monkeypatch.setattr("linemill.web.routes.errors.error_list", slow)
    clients = [threading.Thread(target=_answer, args=(server, "GET", "/errors")) for _ in range(MANY)]
    for client in clients:
        client.start()
    assert slow.enough.wait(30)
    sent = _answer(server, "POST", "/files", FORM, {"Content-Type": "multipart/form-data; boundary=x"})
    assert (sent, (site.base / "inbox/a.log").read_text()) == (201, "line\n")
    slow.ends.set()
    for client in clients:
        client.join()
    assert (slow.calls, slow.most) == (MANY, COMPUTING)


def test_pages_do_not_wait_for_those_who_wait_to_write(server, site, monkeypatch):
    slow = Slow()
    monkeypatch.setattr(Control, "pause", slow)
    clients = [threading.Thread(target=_answer, args=(server, "POST", "/pause")) for _ in range(COMPUTING)]
    for client in clients:
        client.start()
    assert slow.enough.wait(30)
    assert _answer(server, "GET", "/files") == 200
    slow.ends.set()
    for client in clients:
        client.join()
    assert slow.calls == COMPUTING

"""The same bytes on the same connection get the same answer, as long as it holds, and nobody else's."""

from functools import partial

import pytest

from linemill.web.again import EXTENSION
from linemill.web.guard import HEAD_S
from tests.unit.web.connections import Connected, talk_to

GET = b"GET /stats HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
OTHER = b"GET /stats HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x\r\n\r\n"


class Client(Connected):
    """A connection; the application numbers its answers, and allows each to be repeated while it holds."""

    def __init__(self):
        self.calls = 0
        self.holds = True
        super().__init__(self._app)

    async def _app(self, scope, receive, send):
        self.calls += 1
        text = b"%d" % self.calls
        scope["extensions"][EXTENSION](lambda: self.holds)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
        await send({"type": "http.response.body", "body": text})

    async def asks(self, *pieces):
        """Send pieces; give the bodies of what was answered."""
        self.transport.sent = b""
        for piece in pieces:
            self.connection.data_received(piece)
        await self.settle()
        return [answer.split(b"\r\n\r\n")[1] for answer in self.transport.sent.split(b"HTTP/1.1 200 OK")[1:]]


@pytest.fixture
def talk():
    """Run what a client does."""
    return partial(talk_to, Client)


def test_the_same_question_gets_the_same_answer_while_it_holds(talk):
    async def does(client):
        assert await client.asks(GET) == [b"1"]
        whole = client.transport.sent
        assert await client.asks(GET) == [b"1"]
        assert client.transport.sent == whole
        assert await client.asks(GET, GET) == [b"1", b"1"]
        client.holds = False
        assert await client.asks(GET) == [b"2"]
        assert client.calls == 2

    talk(does)


@pytest.mark.parametrize(
    "pieces",
    [
        (OTHER,),
        (GET.replace(b"stats", b"files"),),
        (GET[:10], GET[10:]),
        (b"POST /stats HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n\r\n\r\n\r\n",),
    ],
)
def test_another_question_is_asked_anew_and_so_is_the_first_one_after_it(talk, pieces):
    async def does(client):
        assert await client.asks(GET) == [b"1"]
        assert await client.asks(*pieces) == [b"2"]
        assert await client.asks(GET) == [b"3"]

    talk(does)


@pytest.mark.parametrize("pieces", [(GET[:10], GET[10:]), (GET + GET,), (GET, GET[:10], GET[10:])])
def test_what_did_not_come_alone_and_in_one_piece_is_never_known(talk, pieces):
    async def does(client):
        first = await client.asks(*pieces)
        assert await client.asks(*pieces) == [b"%d" % (len(first) + number + 1) for number in range(len(first))]

    talk(does)


def test_two_requests_in_one_piece_are_two_whatever_ends_their_lines(talk):
    two = b"GET /stats HTTP/1.1\r\nHost: a\n\n" + GET

    async def does(client):
        first = await client.asks(two)
        second = await client.asks(two)
        assert not set(first) & set(second)

    talk(does)


def test_what_a_client_does_not_read_is_not_repeated(talk):
    async def does(client):
        assert await client.asks(GET) == [b"1"]
        client.connection.pause_writing()
        assert await client.asks(GET) == []
        client.connection.resume_writing()
        assert await client.asks() == [b"2"]

    talk(does)


def test_who_asks_again_and_again_is_heard_of(talk, monkeypatch):
    async def does(client):
        now = [client.connection.loop.time()]
        monkeypatch.setattr(client.connection.loop, "time", lambda: now[0])
        for _ in range(4):
            assert await client.asks(GET) == [b"1"]
            client.connection.look(now[0])
            now[0] += HEAD_S - 1
            client.connection.look(now[0])
        assert client.transport.end == ""
        client.connection.look(now[0] + 2)
        assert client.transport.end == "closed"

    talk(does)

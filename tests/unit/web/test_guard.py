"""How long a client may take, by a clock that is told: nothing here waits."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from linemill.web import guard
from linemill.web.guard import (
    BODY_S,
    BUSY,
    CLOSING_S,
    HEAD_S,
    LEAST_BODY_BYTES,
    LONGEST_HEAD_BYTES,
    MOST_IN_LINE,
    STUCK_S,
    TOO_LONG,
    TOO_SLOW,
)
from tests.unit.web.connections import Connected, talk_to

HEAD = b"POST /files HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Client(Connected):
    """A connection, and the application behind it, which reads all of the body and waits until it is told to answer."""

    def __init__(self):
        self.answers = asyncio.Event()
        self.begins = asyncio.Event()
        self.reads = True
        self.now = asyncio.get_running_loop().time()
        super().__init__(self._app)

    async def _app(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        while self.reads and (await receive()).get("more_body"):
            pass
        await self.begins.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await self.answers.wait()
        await send({"type": "http.response.body", "body": b"ok"})

    async def says(self, data):
        self.connection.data_received(data)
        await self.settle()

    def passes(self, seconds):
        """Let time pass, with a look each second."""
        for _ in range(round(seconds)):
            self.now += 1
            self.connection.look(self.now)

    async def end(self):
        self.begins.set()
        self.answers.set()
        await super().end()


@pytest.fixture
def talk():
    """Run what a client does."""
    return partial(talk_to, Client)


def test_a_client_that_says_nothing_is_let_go(talk):
    async def does(client):
        client.passes(HEAD_S)
        assert client.transport.end == ""
        client.passes(2)
        assert (client.transport.end, client.transport.sent) == ("closed", b"")

    talk(does)


def test_a_head_that_comes_a_byte_at_a_time_is_ended(talk):
    async def does(client):
        for number in range(round(HEAD_S)):
            await client.says(GET[number : number + 1])
            client.passes(1)
        assert client.transport.end == ""
        client.passes(2)
        assert (client.transport.end, client.transport.sent) == ("closed", TOO_SLOW)

    talk(does)


def test_a_body_that_stands_still_is_ended(talk):
    async def does(client):
        await client.says(HEAD + b"x" * 10)
        client.passes(BODY_S + 3)
        assert (client.transport.end, client.transport.sent) == ("closed", TOO_SLOW)

    talk(does)


def test_a_body_that_gets_on_may_take_as_long_as_it_likes(talk):
    async def does(client):
        await client.says(HEAD)
        for _ in range(100):
            await client.says(b"x" * LEAST_BODY_BYTES)
            client.passes(5)
        assert client.transport.end == ""
        client.passes(2 * BODY_S + 3)
        assert client.transport.end != ""

    talk(does)


def test_a_client_does_not_pay_for_our_being_slow(talk):
    async def does(client):
        client.reads = False
        await client.says(HEAD + b"x" * 100_000)
        assert client.connection.flow.read_paused
        client.passes(10 * BODY_S)
        assert client.transport.end == ""

    talk(does)


def test_an_answer_that_takes_long_is_no_fault_of_the_client(talk):
    async def does(client):
        await client.says(GET)
        client.passes(10 * STUCK_S)
        assert client.transport.end == ""
        client.begins.set()
        await client.settle()
        client.passes(10 * STUCK_S)
        assert client.transport.end == ""

    talk(does)


def test_who_does_not_read_the_answer_is_cut_off_and_who_reads_slowly_is_not(talk):
    async def does(client):
        await client.says(GET)
        client.begins.set()
        await client.settle()
        client.connection.pause_writing()
        for size in range(100, 0, -1):
            client.transport.unsent = size
            client.passes(STUCK_S / 2)
        assert client.transport.end == ""
        client.passes(STUCK_S + 2)
        assert client.transport.end == "aborted"
        client.connection.resume_writing()

    talk(does)


def test_who_does_not_read_the_end_of_an_answer_is_cut_off(talk):
    async def does(client):
        client.transport.close()
        client.passes(CLOSING_S + 2)
        assert client.transport.end == "aborted"

    talk(does)


def test_a_connection_may_be_used_again_and_again(talk):
    async def does(client):
        client.begins.set()
        client.answers.set()
        for _ in range(10):
            await client.says(GET)
            client.passes(HEAD_S / 2)
        assert client.transport.end == ""
        assert client.transport.sent.count(b"200 OK") == 10

    talk(does)


def test_a_refused_body_that_goes_on_and_on_is_ended(talk):
    async def does(client):
        client.reads = False
        client.begins.set()
        client.answers.set()
        await client.says(HEAD)
        assert client.transport.sent.endswith(b"ok")
        for _ in range(round(HEAD_S) + 3):
            await client.says(b"x" * 1000)
            client.passes(1)
        assert client.transport.end == "closed"

    talk(does)


def test_a_head_without_an_end_is_ended(talk):
    async def does(client):
        await client.says(GET[:-2] + b"X: ")
        for _ in range(LONGEST_HEAD_BYTES // 1024 + 1):
            await client.says(b"x" * 1024)
        assert (client.transport.end, client.transport.sent) == ("closed", TOO_LONG)

    talk(does)


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_long_head_that_comes_at_once_is_too_long_as_well(talk, end):
    async def does(client):
        await client.says(GET[:-2] + b"Accept: " + b",;" * LONGEST_HEAD_BYTES + end)
        assert (client.transport.end, client.transport.sent) == ("closed", TOO_LONG)
        assert client.connection.cycle is None

    talk(does)


def test_what_comes_behind_a_body_is_not_added_to_its_head_and_ends(talk):
    chunked = HEAD.replace(b"Content-Length: 1000000000", b"Transfer-Encoding: chunked")

    async def does(client):
        await client.says(chunked + b"3\r\nabc\r\n0\r\nAuthorization: Basic YTpi\r\n")
        assert b"authorization" not in dict(client.connection.scope["headers"])
        for _ in range(LONGEST_HEAD_BYTES // 1024 + 1):
            await client.says(b"X: " + b"x" * 1019 + b"\r\n")
        assert client.transport.end == "closed"

    talk(does)


def test_a_body_in_small_chunks_is_no_head(talk):
    chunked = HEAD.replace(b"Content-Length: 1000000000", b"Transfer-Encoding: chunked")

    async def does(client):
        await client.says(chunked)
        for _ in range(10):
            await client.says(b"1\r\na\r\n" * 1000)
        assert client.transport.end == ""

    talk(does)


def test_few_requests_may_wait_for_the_one_before(talk):
    async def does(client):
        await client.says(GET * MOST_IN_LINE)
        assert client.transport.end == ""
        await client.says(GET * 10_000)
        assert client.transport.end == "closed"
        assert len(client.connection.pipeline) < 2 * MOST_IN_LINE

    talk(does)


def test_a_head_without_an_end_behind_a_body_that_was_refused_is_ended(talk):
    async def does(client):
        client.reads = False
        client.begins.set()
        client.answers.set()
        await client.says(HEAD.replace(b"1000000000", b"200000"))
        await client.says(b"x" * 200_000)
        assert client.transport.end == ""
        await client.says(b"GET / HTTP/1.1\r\n")
        for number in range(LONGEST_HEAD_BYTES // 16):
            await client.says(b"X-%05d: abcdefg\r\n" % number)
        assert client.transport.sent.endswith(TOO_LONG)
        assert client.transport.end == "closed"

    talk(does)


def test_a_large_body_that_comes_with_its_head_is_no_head(talk):
    async def does(client):
        await client.says(HEAD + b"x" * 2 * LONGEST_HEAD_BYTES)
        assert (client.transport.end, client.transport.sent) == ("", b"")

    talk(does)


def test_one_connection_too_many_is_told_so_and_ended(monkeypatch, talk):
    monkeypatch.setattr(guard, "MOST_CONNECTIONS", 0)

    async def does(client):
        assert (client.transport.sent, client.transport.end) == (BUSY, "closed")

    talk(does)

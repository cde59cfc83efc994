from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import HTTPException

from linemill import __version__
from linemill.catalog import periods
from linemill.catalog.periods import Counts
from linemill.errors import WorldError
from linemill.web import streams
from linemill.web.snapshot import News, Snapshots
from linemill.web.streams import HELLO, STILL_HERE, Listener, Streams

LONGEST_S = 20.0


class Told:
    """Snapshots of which a test says what there is, and that counts how often it is asked."""

    def __init__(self) -> None:
        self.now = News(1, b'{"n":1}')
        self.asked = 0
        self.is_broken = False
        self.fresh_s = 0.01

    def news(self) -> News:
        self.asked += 1
        if self.is_broken:
            raise WorldError("the disk says no")
        return self.now

    def say(self, number: int) -> bytes:
        self.now = News(number, b'{"n":%d}' % number)
        return b'event: stats\ndata: {"n":%d}\n\n' % number


class Client:
    """Somebody who listens: what they got, and when they go."""

    def __init__(self, all_streams: Streams) -> None:
        self.got: list[dict[str, Any]] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self._gone = asyncio.Event()
        self._news = asyncio.Condition()
        self._messages = iter([{"type": "http.request", "body": b"", "more_body": False}])
        self.task = asyncio.create_task(all_streams.response()({"type": "http"}, self._receive, self._send))

    @property
    def text(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.got)

    async def until(self, holds: Callable[[Client], object]) -> None:
        async with asyncio.timeout(LONGEST_S), self._news:
            await self._news.wait_for(lambda: holds(self))

    async def go(self) -> None:
        self._gone.set()
        async with asyncio.timeout(LONGEST_S):
            await self.task

    async def _receive(self) -> dict[str, Any]:
        for message in self._messages:
            return message
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await self.reads.wait()
        async with self._news:
            self.got.append(message)
            self._news.notify_all()


def _run(story: Callable[[Told, Streams, asyncio.Event], Any]) -> None:
    async def apply() -> None:
        told, closing = Told(), asyncio.Event()
        await story(told, Streams(told, lambda: closing), closing)  # type: ignore[arg-type]
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert others == set()

    asyncio.run(apply())


def _has(text: bytes) -> Callable[[Client], bool]:
    return lambda client: text in client.text


def test_a_stream_says_hello_and_then_what_goes_on_and_what_changes():
    async def story(told, all_streams, closing):
        client = Client(all_streams)
        await client.until(_has(b'{"n":1}'))
        await client.until(_has(told.say(2)))
        await client.go()
        headers = dict(client.got[0]["headers"])
        assert client.got[0]["status"] == 200
        assert headers[b"content-type"] == b"text/event-stream"
        assert headers[b"x-accel-buffering"] == b"no"
        assert b"content-length" not in headers
        assert client.text == HELLO + b'event: stats\ndata: {"n":1}\n\nevent: stats\ndata: {"n":2}\n\n'
        assert client.got[-1] == {"type": "http.response.body", "body": b""}
        await _rest()

    _run(story)


def test_hello_says_the_version():
    assert json.loads(HELLO.split(b"data: ")[1]) == {"version": __version__}


def test_nothing_is_sent_twice_and_everybody_gets_the_same_bytes():
    async def story(told, all_streams, closing):
        clients = [Client(all_streams) for _ in range(5)]
        for client in clients:
            await client.until(_has(b'{"n":1}'))
        late = Client(all_streams)
        await late.until(_has(b'{"n":1}'))
        asked = told.asked
        while told.asked < asked + 5:
            await asyncio.sleep(0.01)
        told.say(2)
        for client in [*clients, late]:
            await client.until(_has(b'{"n":2}'))
            assert client.text == clients[0].text
        assert len({id(client.got[-1]["body"]) for client in clients}) == 1
        for client in [*clients, late]:
            await client.go()
        await _rest()

    _run(story)


def test_who_reads_slowly_loses_what_was_between_and_holds_up_nobody():
    async def story(told, all_streams, closing):
        slow, quick = Client(all_streams), Client(all_streams)
        for client in (slow, quick):
            await client.until(_has(b'{"n":1}'))
        slow.reads.clear()
        for number in range(2, 7):
            await quick.until(_has(told.say(number)))
        slow.reads.set()
        await slow.until(_has(b'{"n":6}'))
        # What was being sent when it stopped to read, and the newest.
        assert slow.text.count(b"event: stats") <= 3
        assert quick.text.count(b"event: stats") == 6
        for client in (slow, quick):
            await client.go()
        await _rest()

    _run(story)


def test_a_stream_in_which_nothing_happens_gives_signs_of_life(monkeypatch):
    monkeypatch.setattr(streams, "QUIET_S", 0.05)

    async def story(told, all_streams, closing):
        client = Client(all_streams)
        await client.until(lambda client: client.text.count(STILL_HERE) >= 3)
        assert client.text.count(b"event: stats") == 1
        await client.go()
        await _rest()

    _run(story)


def test_a_sign_of_life_takes_the_place_of_nothing():
    async def apply() -> None:
        listener = Listener()
        listener.give(b"news")
        listener.keep_alive()
        assert await listener.next() == b"news"
        listener.keep_alive()
        assert await listener.next() == STILL_HERE

    asyncio.run(apply())


def test_what_waits_to_be_sent_is_sent_before_a_stream_ends():
    async def apply() -> None:
        listener = Listener()
        listener.give(b"news")
        listener.end()
        assert [await listener.next(), await listener.next()] == [b"news", b""]

    asyncio.run(apply())


def test_nothing_is_asked_when_the_last_one_has_gone_and_the_next_one_gets_what_is_new():
    async def story(told, all_streams, closing):
        client = Client(all_streams)
        await client.until(_has(b'{"n":1}'))
        await client.go()
        await _rest()
        asked = told.asked
        told.say(2)
        following = Client(all_streams)
        await following.until(_has(b'{"n":2}'))
        assert b'{"n":1}' not in following.text
        assert told.asked > asked
        await following.go()
        await _rest()

    _run(story)


def test_all_streams_end_when_the_server_does_and_no_other_begins():
    async def story(told, all_streams, closing):
        clients = [Client(all_streams) for _ in range(3)]
        for client in clients:
            await client.until(_has(b'{"n":1}'))
        closing.set()
        async with asyncio.timeout(LONGEST_S):
            await asyncio.gather(*(client.task for client in clients))
        assert all(client.got[-1] == {"type": "http.response.body", "body": b""} for client in clients)
        with pytest.raises(HTTPException) as refused:
            all_streams.response()
        assert refused.value.status_code == 503
        await _rest()

    _run(story)


def test_there_are_no_more_streams_than_most(monkeypatch):
    monkeypatch.setattr(streams, "MOST", 2)

    async def story(told, all_streams, closing):
        clients = [Client(all_streams) for _ in range(2)]
        for client in clients:
            await client.until(_has(b'{"n":1}'))
        with pytest.raises(HTTPException) as refused:
            all_streams.response()
        assert refused.value.status_code == 503
        await clients.pop().go()
        clients.append(Client(all_streams))
        for client in clients:
            await client.go()
        await _rest()

    _run(story)


def test_a_catalog_that_cannot_be_read_for_a_while_ends_no_stream():
    async def story(told, all_streams, closing):
        told.is_broken = True
        client = Client(all_streams)
        await client.until(_has(HELLO))
        while told.asked < 3:
            await asyncio.sleep(0.01)
        told.is_broken = False
        await client.until(_has(b'{"n":1}'))
        await client.go()
        await _rest()

    _run(story)


def test_a_stream_is_cut_off_without_leaving_anything(site):
    async def apply() -> None:
        closing = asyncio.Event()
        all_streams = Streams(Snapshots(site), lambda: closing)
        client = Client(all_streams)
        await client.until(_has(b"event: stats"))
        client.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client.task
        await _rest()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(apply())


def test_what_was_done_meanwhile_is_told(site):
    async def apply() -> None:
        closing = asyncio.Event()
        snapshots = Snapshots(site)
        client = Client(Streams(snapshots, lambda: closing))
        await client.until(_has(b'"lines":0'))
        with site.catalog._database.writing() as connection:
            periods.add(connection, Counts(lines=77), snapshots.moment().at)
        await client.until(_has(b'"lines":77'))
        await client.go()
        await _rest()

    asyncio.run(apply())


async def _rest() -> None:
    """Let what ends come to its end."""
    async with asyncio.timeout(LONGEST_S):
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0.005)

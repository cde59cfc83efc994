"""Event streams: one task asks what goes on, and gives the same bytes to everybody who listens.

Whoever reads slowly gets the newest of what there was since, and nothing is kept for them. A stream ends with its client, or
when the server does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import orjson
from fastapi import HTTPException, Response
from starlette.types import Receive, Scope, Send

from linemill import __version__
from linemill.errors import LinemillError
from linemill.web.answers import Form
from linemill.web.snapshot import Snapshots

MOST = 500
"""Listeners. Each is an open connection; a browser has one for all of its pages."""

QUIET_S = 10.0
"""How long nothing is sent, in seconds: proxies close what is silent for longer than half a minute, and clients shall notice."""

HELLO = b"event: hello\ndata: " + orjson.dumps({"version": __version__}) + b"\n\n"
STILL_HERE = b": still here\n\n"


class Listener:
    """What one client is to be sent next."""

    def __init__(self) -> None:
        self._next = b""
        self._is_over = False
        self._wake = asyncio.Event()

    def give(self, text: bytes) -> None:
        """Have something sent, in place of what waits to be."""
        self._next = text
        self._wake.set()

    def keep_alive(self) -> None:
        """Have a sign of life sent, unless something waits to be."""
        if not self._next:
            self.give(STILL_HERE)

    def end(self) -> None:
        """Send nothing more than what waits to be."""
        self._is_over = True
        self._wake.set()

    async def next(self) -> bytes:
        """Wait for what is to be sent; nothing when it is over, and what there was has been given."""
        if not self._is_over:
            await self._wake.wait()
            self._wake.clear()
        text, self._next = self._next, b""
        return text


class Streams:
    """All who listen. Used in one event loop.

    Args:
        snapshots: Tells what goes on.
        closing: Gives what is set when the server is to end.
    """

    def __init__(self, snapshots: Snapshots, closing: Callable[[], asyncio.Event]) -> None:
        self._snapshots = snapshots
        self._closing = closing
        self._listeners: set[Listener] = set()
        self._work: asyncio.Task[None] | None = None
        self._number = 0
        self._event = b""
        self._quiet_since = 0.0

    def response(self) -> Response:
        """Give the answer that streams.

        Raises:
            HTTPException: There are too many already, or the server is about to end.
        """
        if len(self._listeners) >= MOST or self._closing().is_set():
            raise HTTPException(503, "too many streams are open" if self._listeners else "the server is about to end")
        return _Stream(self)

    def join(self) -> Listener:
        """Begin to listen."""
        listener = Listener()
        listener.give(HELLO + self._event)
        self._listeners.add(listener)
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._tell())
        return listener

    def leave(self, listener: Listener) -> None:
        """Listen no more."""
        self._listeners.discard(listener)

    async def _tell(self) -> None:
        """Tell what changes, until nobody listens or the server is to end."""
        closing = self._closing()
        self._quiet_since = asyncio.get_running_loop().time()
        try:
            while self._listeners and not closing.is_set():
                await self._look()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(closing.wait(), self._snapshots.fresh_s)
        finally:
            self._work, self._number, self._event = None, 0, b""
            for listener in self._listeners:
                listener.end()

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        with contextlib.suppress(LinemillError):  # a catalog that cannot be read now says nothing new
            news = await asyncio.to_thread(self._snapshots.news)
            if news.number != self._number:
                self._number = news.number
                self._event = b"event: stats\ndata: " + news.text + b"\n\n"
                self._quiet_since = now
                for listener in self._listeners:
                    listener.give(self._event)
        if now - self._quiet_since >= QUIET_S:
            self._quiet_since = now
            for listener in self._listeners:
                listener.keep_alive()


class _Stream(Response):
    """An answer that goes on until its client or the server ends."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self.status_code = 200
        self.background = None
        self.init_headers({"Content-Type": Form.STREAM, "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        listener = self._streams.join()
        client = asyncio.ensure_future(_left(receive))
        client.add_done_callback(lambda _: listener.end())
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while text := await listener.next():
                await send({"type": "http.response.body", "body": text, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._streams.leave(listener)
            client.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

"""Clients that take their time: how long a request, a body and an answer may stand still, and how many connections there may be.

Uvicorn waits for ever for a head that comes a byte at a time, for a body without an end, and for who does not read.
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from linemill.web.again import EXTENSION, Again, Holds

MOST_CONNECTIONS = 400
"""At once. Each takes a descriptor, and many systems give a process 1024; the mill needs some, too."""

HEAD_S = 10.0
"""From the connection, or the answer before, until the head of a request is there."""

LONGEST_HEAD_BYTES = 16 * 2**10
"""Of a request, its first line included; the parser itself knows no limit. Whoever has not signed in may send one, and of some
headers each byte takes time in which nobody else is answered: 64 kB of `Accept` took 0.2 s."""

PIECE_BYTES = 1024
"""So much of a head is parsed at once, and then looked at: hundreds of kB may come together."""

MOST_IN_LINE = 64
"""Requests that wait for the answer to the one before, each of which takes a few kB; no browser sends any."""

BODY_S = 10.0
LEAST_BODY_BYTES = 16 * 2**10
"""What must come of a body in that time, as long as we read it; unless it is then complete."""

STUCK_S = 30.0
"""How long a client may read nothing of what it has asked for."""

CLOSING_S = 5.0
"""The same for the end of an answer, after which the connection is closed."""

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: 10\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Phase(Enum):
    """What a connection does."""

    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    CLOSING = auto()


class Guarded(HttpToolsProtocol):
    """A connection that does not wait for ever. Whoever has opened it is told by 408 where that still can be."""

    _phase: tuple[Phase, object] = (Phase.HEAD, None)
    _since = 0.0
    _heard = 0
    _others = 0
    _is_in_head = True
    _unsent = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._again = Again()
        if len(self.connections) > MOST_CONNECTIONS:
            transport.write(BUSY)
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        answer = self._again.ask(data, is_alone=self._is_alone())
        if answer is not None:
            self._repeat(answer)
            return
        self._heard += len(data)
        size = PIECE_BYTES if self._is_in_head else len(data)
        for start in range(0, len(data), size):
            if self.transport.is_closing():
                return
            self._take(data[start : start + size])

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, unless it comes behind a body: those would be added to what has been checked."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Note that a head is whole."""
        self._is_in_head = False
        self.scope["extensions"] = cast("dict[str, dict[object, object]]", {EXTENSION: self._may_repeat})
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Note that what comes is none of a head."""
        self._others = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that what comes now is the next head; also where the request was answered before its end."""
        self._is_in_head, self._others = True, 0
        self._again.heard()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Note that an answer is whole."""
        super().on_response_complete()
        self._again.answered()

    def _take(self, data: bytes) -> None:
        """Parse some bytes, and end the connection if there are too many that are no body, or too many requests."""
        self._others += len(data)
        super().data_received(data)
        is_long = self._others > LONGEST_HEAD_BYTES
        if (is_long or len(self.pipeline) > MOST_IN_LINE) and not self.transport.is_closing():
            if is_long and self._is_in_head:
                self.transport.write(TOO_LONG)
            self.transport.close()

    def _is_alone(self) -> bool:
        """Tell whether nothing is going on: no request is under way, or has begun to come, and the client reads."""
        is_answered = self.cycle is None or self.cycle.response_complete
        return is_answered and self._is_in_head and not self._others and not self.pipeline and not self.flow.write_paused

    def _may_repeat(self, holds: Holds) -> None:
        """Have the answer that is about to be written remembered, for as long as it holds."""
        recorded = self._again.record(self.transport, holds)
        if recorded is not None:
            self.cycle.transport = cast("asyncio.Transport", recorded)

    def _repeat(self, answer: bytes) -> None:
        """Give an answer that is known. The client is heard of: nobody waits for it any more."""
        self._unset_keepalive_if_required()
        self.transport.write(answer)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        self._begin(self.loop.time())

    def look(self, now: float) -> None:
        """End the connection if it has stood still for too long.

        Args:
            now: The time of the loop.
        """
        phase = self._doing()
        if phase != self._phase:
            self._phase = phase
            self._begin(now)
            return
        waited = now - self._since
        match phase[0]:
            case Phase.CLOSING if waited > CLOSING_S:
                self.transport.abort()
            case Phase.HEAD if waited > HEAD_S:
                self._give_up()
            case Phase.BODY if self.flow.read_paused:
                self._begin(now)  # it is us who are slow
            case Phase.BODY if waited > BODY_S:
                if self._heard < LEAST_BODY_BYTES:
                    self._give_up()
                self._begin(now)
            case Phase.ANSWER:
                if not self.flow.write_paused or self.transport.get_write_buffer_size() != self._unsent:
                    self._begin(now)
                elif waited > STUCK_S:
                    self.transport.abort()
            case _:
                pass

    def _doing(self) -> tuple[Phase, object]:
        """Tell what it does, and for which request."""
        if self.transport.is_closing():
            return Phase.CLOSING, None
        if self.cycle is None or self.cycle.response_complete:
            return Phase.HEAD, self.cycle
        return Phase.BODY if self.cycle.more_body else Phase.ANSWER, self.cycle

    def _begin(self, now: float) -> None:
        self._since = now
        self._heard = 0
        self._unsent = self.transport.get_write_buffer_size()

    def _give_up(self) -> None:
        phase, request = self._phase
        is_first_head = phase is Phase.HEAD and request is None and self._heard > 0
        if is_first_head or (phase is Phase.BODY and not self.cycle.response_started):
            self.transport.write(TOO_SLOW)
        self.transport.close()

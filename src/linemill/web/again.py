"""The same question on the same connection, again and again: it is given the same answer, byte for byte, while that holds.

What asks all the time sends the same bytes each time. Of the 0.7 ms that a request took, everything but the two calls of the
system went into finding out anew what it asks, and whether it may. Whoever knows an answer says how long it holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

EXTENSION = "linemill.again"
"""In a request's scope, under `extensions`: called with a function that tells whether the answer that is about to be sent still
holds, by whoever knows that it may be given again to who asks for it with the same bytes."""

Holds = Callable[[], bool]

_END_OF_HEAD = b"\r\n\r\n"


class Recorded:
    """A transport that remembers what is written to it.

    Attributes:
        written: All of it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Write, and remember."""
        self.written.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Known(NamedTuple):
    asked: bytes
    answer: bytes
    holds: Holds


class Again:
    """What a connection was asked last, and how that was answered.

    A question counts if it came in one piece, alone, while nothing else was going on.
    """

    def __init__(self) -> None:
        self._asked = b""
        self._messages = 0
        self._recorded: Recorded | None = None
        self._holds: Holds = lambda: False
        self._known: _Known | None = None

    def ask(self, data: bytes, *, is_alone: bool) -> bytes | None:
        """Give the answer to what has come, if it is the same as before, and the answer still holds; else note it.

        Args:
            data: What has come.
            is_alone: Nothing is going on on this connection.
        """
        known = self._known
        if known is not None and is_alone and data == known.asked and known.holds():
            return known.answer
        self._known = self._recorded = None
        self._asked = data if is_alone and data.endswith(_END_OF_HEAD) else b""
        self._messages = 0
        return None

    def heard(self) -> None:
        """Note that a request is complete."""
        self._messages += 1

    def record(self, transport: asyncio.Transport, holds: Holds) -> Recorded | None:
        """Remember the answer that is about to be written, if it is the one to what was asked.

        Args:
            transport: Where it is written to.
            holds: Tells whether it still holds.

        Returns:
            What to write it to in place of that; None if it is not remembered.
        """
        if self._asked and self._messages == 1:
            self._recorded, self._holds = Recorded(transport), holds
        return self._recorded

    def answered(self) -> None:
        """Note that an answer was written."""
        if self._recorded is not None:
            self._known = _Known(self._asked, b"".join(self._recorded.written), self._holds)
            self._recorded = None

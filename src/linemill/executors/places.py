"""Where the lines of a span go in the files that its file is put together in, told from worker to worker.

The place of a span's lines is known when the sizes of all spans before it are. A worker that knows its own place and its own
sizes tells the next one at once, and only then writes. It may tell nothing, or too late (it died, its span failed, it works on
more than fits into memory); then the next one writes a file of its own, and whoever puts the spans together copies it.
Nothing here waits for a lock, so no death of a worker holds up another one.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import xxhash

from linemill.executors.task import Task

CELLS = 256
"""Spans whose ends are kept: many more than can be in hand at a time."""

CHAINS = 64
"""Files whose last span is remembered: many more than can be in hand at a time."""

WAIT_S = 1.0
"""How long a worker that is done waits for the one before it. Spans are of one size and begin in their order, so that what is
waited for is nearly always there already."""

LOOK_S = 0.0005
"""Between two looks meanwhile."""

_NOWHERE = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """How a worker finds out where its span goes, and under which number it tells where that ends.

    Attributes:
        number: Its own number; every span that is handed out has another one.
        before: That of the span before it; None if the place is known.
        starts: The place, by output name, where it is known.
    """

    number: int
    before: int | None
    starts: Mapping[str, int] | None


class Ends:
    """Where spans end. A view of memory that all workers share.

    Every cell ends in a checksum of what it says and of whom, so that one that is half written, or has another's number, is
    as good as empty, whatever the order in which a processor shows its writes to others.

    Args:
        shared: Unsigned numbers of 64 bits: `length(outputs)` of them.
        outputs: How many outputs the pipeline has.
    """

    def __init__(self, shared: Any, outputs: int) -> None:
        self._shared = shared
        self._width = outputs + 1

    @staticmethod
    def length(outputs: int) -> int:
        """Tell how many numbers are needed."""
        return CELLS * (outputs + 1)

    def tell(self, number: int, ends: list[int]) -> None:
        """Say where a span ends in each output, in the order of their names; nothing for one whose end is not known."""
        ends = ends or [_NOWHERE] * (self._width - 1)
        start = number % CELLS * self._width
        self._shared[start : start + self._width] = [*ends, _checksum(number, ends)]

    def ask(self, number: int) -> list[int] | None:
        """Ask where a span ends in each output: None if it has not been said, nothing if it never will."""
        start = number % CELLS * self._width
        *ends, checksum = self._shared[start : start + self._width]
        if checksum == _checksum(number, ends):
            return [] if _NOWHERE in ends else ends
        return None

    def wait(self, number: int) -> list[int]:
        """Wait until it is said where a span ends; nothing if it is not said in time."""
        give_up = time.monotonic() + WAIT_S
        while (ends := self.ask(number)) is None:
            if time.monotonic() > give_up:
                return []
            time.sleep(LOOK_S)
        return ends


class Chains:
    """Links every span of a file to the one before it, as they are handed out in their order."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._last: dict[tuple[Path, ...], tuple[int, int]] = {}

    def place(self, task: Task) -> Place | None:
        """Give a task its place in the chain of its file; None if its lines are to go to a file of their own."""
        if task.span is None or task.whole is None:
            return None
        key = tuple(task.whole[name] for name in sorted(task.outputs))
        end, before = self._last.get(key, (0, None))
        starts = task.starts
        if starts is None and task.span.start == 0:
            starts = dict.fromkeys(task.outputs, 0)
        if starts is None and (before is None or end != task.span.start):
            return None  # one that is worked again, after later ones
        number = next(self._numbers)
        self._last.pop(key, None)
        self._last[key] = (task.span.end, number)
        if len(self._last) > CHAINS:
            del self._last[next(iter(self._last))]
        return Place(number, None if starts is not None else before, starts)


def _checksum(number: int, ends: list[int]) -> int:
    return xxhash.xxh3_64_intdigest(struct.pack(f"{len(ends)}Q", *ends), number)

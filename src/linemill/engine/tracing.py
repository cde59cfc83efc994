"""Traces: the ways of a few lines through the nodes, written down as they go.

Which lines is known before the first one is read, so a block in which none of them lies costs two comparisons.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from linemill.engine.block import Block
from linemill.engine.dead import as_text
from linemill.engine.emission import Emission
from linemill.engine.render import as_json
from linemill.pipeline import ANY_TAG, Node

TEXT_LIMIT = 300
"""Characters of a line or an item that a trace keeps: enough to recognize it. Dead letters keep more."""

ITEMS_LIMIT = 5
"""Items that a step lists of what came, and of what was given: a line may give millions."""


@dataclass(frozen=True, slots=True)
class Given:
    """One item that a node gave.

    Attributes:
        tag: Its tag; empty for none.
        item: As text.
        targets: Where its tag leads; empty if nowhere.
    """

    tag: str
    item: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A line's visit at a node, or its end in an output.

    Attributes:
        place: The node or the output.
        came: The items that came, as text; none at a stream that only gave, after its input had ended.
        gave: The items that a node gave, in the order given. None if it filtered the line, broke on it, or keeps it for later.
        more: How many more items came or were given than are listed.
    """

    place: str
    came: tuple[str, ...]
    gave: tuple[Given, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Traced:
    """A line and its way. All texts are cut at `TEXT_LIMIT`, and hold nothing that UTF-8 cannot say.

    Attributes:
        number: Its line number.
        text: The line.
        steps: In the order of the nodes; then the outputs.
    """

    number: int
    text: str
    steps: tuple[Step, ...]


class Tracer:
    """Follows the sampled lines of one run. What a processor gives for a line is told by line numbers alone.

    Items are made text at once: a processor may change a record later.

    Args:
        samples: Numbers of the lines to follow, rising.
        places: The nodes in their order, then the outputs.

    Attributes:
        is_on: A sampled line is in the block in hand; where none is, nothing else here is to be called.
    """

    def __init__(self, samples: Sequence[int], places: Iterable[str]) -> None:
        self.is_on = False
        self._places = tuple(places)
        self._samples = samples
        self._met = 0  # of the samples: those that were read, or skipped
        self._lines: list[_Line] = []
        self._here: list[_Line] = []

    def hold(self, lines: Sequence[str], numbers: Sequence[int]) -> None:
        """Look which sampled lines lie in a block that is about to go through the nodes."""
        self.is_on = False
        while self._met < len(self._samples) and self._samples[self._met] <= numbers[-1]:
            number = self._samples[self._met]
            self._met += 1
            index = bisect_left(numbers, number)
            if numbers[index] != number:
                continue  # longer than may be: no node ever had it
            if not self.is_on:
                self.is_on, self._here = True, []
            self._here.append(_Line(number, _cut(lines[index])))
            self._lines.append(self._here[-1])

    def pause(self) -> None:
        """Follow nothing until the next block: what comes now are no lines, though it has the numbers of some."""
        self.is_on = False

    def hold_closing(self, numbers: Sequence[int]) -> None:
        """Look which sampled lines a stream gave for after its input had ended."""
        self._here = [line for line in self._lines if numbers and numbers[0] <= line.number <= numbers[-1]]
        self.is_on = bool(self._here)

    def came(self, place: str, block: Block) -> None:
        """Note what came to a place."""
        for line in self._here:
            start, end = _between(block.numbers, line.number)
            if start < end:
                step = line.at(place)
                listed = block.items[start : min(end, start + ITEMS_LIMIT - len(step.came))]
                step.came += map(_said, listed)
                step.more += end - start - len(listed)

    def gave(self, node: Node, emission: Emission) -> None:
        """Note what a node gave."""
        for line in self._here:
            start, end = _between(emission.numbers, line.number)
            if start == end:
                continue
            step = line.at(node.name)
            first: list[tuple[int, str, Any]] = []
            for tag, share in emission.shares.items():
                begin = bisect_left(share.indices, start)
                for at in range(begin, min(bisect_left(share.indices, end, begin), begin + ITEMS_LIMIT)):
                    first.append((share.indices[at], tag, share.items[at]))
            first.sort(key=lambda one: one[0])
            listed = first[: ITEMS_LIMIT - len(step.gave)]
            step.gave += (Given(_cut(tag), _said(item), _targets(node, tag)) for _, tag, item in listed)
            step.more += end - start - len(listed)

    def traced(self) -> tuple[Traced, ...]:
        """Give the lines that were read so far, and how far they came."""
        return tuple(line.traced(self._places) for line in self._lines)


@dataclass(slots=True)
class _Step:
    """A step that is being written."""

    came: list[str] = field(default_factory=list)
    gave: list[Given] = field(default_factory=list)
    more: int = 0


class _Line:
    """A line whose way is being written."""

    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self._text = text
        self._steps: dict[str, _Step] = {}

    def at(self, place: str) -> _Step:
        """Give the step at a place: one for all visits, for it may be visited again when streams end."""
        return self._steps.setdefault(place, _Step())

    def traced(self, places: Collection[str]) -> Traced:
        """Give what is written."""
        steps = ((place, self._steps[place]) for place in places if place in self._steps)
        return Traced(
            self.number, self._text, tuple(Step(place, tuple(one.came), tuple(one.gave), one.more) for place, one in steps)
        )


def _between(numbers: Sequence[int], number: int) -> tuple[int, int]:
    """Find the items of a line: from the first up to behind the last."""
    start = bisect_left(numbers, number)
    return start, bisect_right(numbers, number, start)


def _targets(node: Node, tag: str) -> tuple[str, ...]:
    return node.routes.get(tag) or node.routes.get(ANY_TAG) or ()


def _said(item: Any) -> str:
    """Show an item as an output would: text, or one line of JSON; what neither can say, as a dead letter does."""
    if isinstance(item, str):
        return _cut(str.__str__(item))
    try:
        try:
            return _cut(as_json(item).decode())
        except Exception:
            return _cut(as_text(item))
    except KeyboardInterrupt:
        raise
    except BaseException:  # a stranger's object, whose library may panic: nobody asked for its text but we
        return f"<{type(item).__name__}>"


def _cut(text: str) -> str:
    r"""Cut a text; bytes of the input that are not UTF-8 become `\xNN`, other halves of pairs `\udNNN`."""
    if len(text) > TEXT_LIMIT:
        text = text[:TEXT_LIMIT] + "…"
    return text if text.isascii() else _SURROGATE.sub(_escaped, text)


_SURROGATE = re.compile("[\ud800-\udfff]")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"

"""Dead letters of a file, taken through the pipeline again; those that stay dead, and those nobody asked for, are kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from typing import Any

from linemill.catalog.records import Claim
from linemill.engine import TEXT_LIMIT, DeadCode, DeadLetter, Form
from linemill.errors import BadInput, LinemillError
from linemill.executors.letters import letter_line, letter_of
from linemill.executors.task import Resumed
from linemill.files import LongLine, Reader, cannot_read, cannot_write, shown
from linemill.pipeline import Pipeline


class Way(Enum):
    """How a dead letter is taken again."""

    LINE = auto()
    """Its line goes through the whole pipeline."""
    ITEM = auto()
    """What its node was given goes on from there."""
    STAYS = auto()
    """Not at all: what died is in no letter."""


def ways_of(pipeline: Pipeline) -> Callable[[DeadLetter], Way]:
    """Give what tells how a dead letter is taken again.

    What a stream gave has the number of the line that was read last: to take that line would deliver another one a second time,
    and lose what died. So what died behind a stream goes on from its node, where the letter has all of what that was given.
    """
    nodes = {node.name: node for node in pipeline.nodes}
    behind = pipeline.behind_streams

    def way_of(letter: DeadLetter) -> Way:
        node = nodes.get(letter.node)
        if node is None and letter.node and letter.item is not None and behind:
            return Way.STAYS  # a node that is gone: it may have been behind a stream
        if node is None or node.name not in behind:
            return Way.LINE if letter.number > 0 else Way.STAYS
        has_item = letter.form is not Form.REPR and letter.code in _AT_THE_DOOR and not _is_long(_given(letter))
        return Way.ITEM if has_item and not node.is_tagged else Way.STAYS

    return way_of


_AT_THE_DOOR = frozenset({DeadCode.RAISED, DeadCode.TIMEOUT, DeadCode.TOO_MANY})
"""What died so is what its node was given; with other codes it is what the node gave."""


class Redriven:
    """The dead letters that a re-drive takes, and what becomes of the file of dead letters.

    Args:
        dead: The file of dead letters.
        claim: The attempt, with the wish.
        pipeline: As it is now.
    """

    def __init__(self, dead: Path, claim: Claim, pipeline: Pipeline) -> None:
        self._encoding = pipeline.input.encoding
        self._dead = dead
        self._claim = claim
        way_of = ways_of(pipeline)
        every = [(letter, way_of(letter)) for letter in self._read()]
        # A line goes through the whole pipeline again, so all of its letters go with it, whichever of them was wished.
        numbers = {letter.number for letter, way in every if way is Way.LINE and self._is_wished(letter)}
        self._taken: list[DeadLetter] = []
        self._resumed: list[DeadLetter] = []
        self._kept: list[DeadLetter] = []
        for letter, way in every:
            if way is Way.LINE and letter.number in numbers:
                self._taken.append(letter)
            elif way is Way.ITEM and self._is_wished(letter):
                self._resumed.append(letter)
            else:
                self._kept.append(letter)

    def lines(self) -> tuple[tuple[int, str], ...]:
        """Give the lines to work on, with their numbers: each once, in the file's order.

        A line that gave several dead letters is one line. A text that the letter shows only the beginning of is read from the
        input again; where that is gone, the letter is kept.
        """
        cut = {letter.number for letter in self._taken if _is_cut(letter)}
        lines = {letter.number: letter.text or "" for letter in self._taken if letter.number not in cut}
        lines |= self._from_input(cut) if cut else {}
        self._kept += [letter for letter in self._taken if letter.number not in lines]
        return tuple(sorted(lines.items()))

    def items(self) -> tuple[Resumed, ...]:
        """Give the items to take on from the nodes that they died at, in the order of their lines."""
        ordered = sorted(self._resumed, key=lambda letter: letter.number)
        return tuple(Resumed(letter.node, letter.number, _item_of(letter), letter.text or "") for letter in ordered)

    def letters(self, again: list[DeadLetter]) -> tuple[DeadLetter, ...]:
        """Give all dead letters that the file has now."""
        return tuple(sorted([*self._kept, *again], key=lambda letter: letter.number))

    def merge(self, staged: Path) -> int:
        """Put the letters that are kept and those that died again together, in the staged file; give their number."""
        try:
            again = staged.read_bytes().splitlines(keepends=True) if staged.exists() else []
            kept = [letter_line(letter, self._claim.name) for letter in self._kept]
            every = sorted([*kept, *again], key=lambda line: json.loads(line)["line"])
            if every:
                descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
                with os.fdopen(descriptor, "wb") as out:
                    out.writelines(every)
                    out.flush()
                    os.fsync(out.fileno())
        except OSError as error:
            raise cannot_write(error, "put together", self._dead) from error
        return len(every)

    def _read(self) -> list[DeadLetter]:
        try:
            with open(self._dead, "rb") as lines:
                return [letter_of(line) for line in lines]
        except OSError as error:
            raise cannot_read(error, shown(self._dead)) from error
        except ValueError as error:
            hint = "put the file back as it was written, or process the input again"
            raise BadInput(f"this is no file of dead letters: {error}", shown(self._dead), hint, code="corrupt") from error

    def _is_wished(self, letter: DeadLetter) -> bool:
        wish = self._claim.wish
        return wish is None or (wish.node in (None, letter.node) and wish.code in (None, letter.code))

    def _from_input(self, numbers: set[int]) -> dict[int, str]:
        """Read lines of the input by their numbers; none where it is gone."""
        found: dict[int, str] = {}
        if self._claim.place is None:
            return found
        first = 1
        try:
            with Reader(self._claim.place, encoding=self._encoding) as reader:
                for part in reader:
                    if isinstance(part, LongLine):
                        first += 1
                        continue
                    for number in numbers:
                        if first <= number < first + len(part):
                            found[number] = part[number - first]
                    first += len(part)
        except LinemillError:
            return {}
        return found


def _is_cut(letter: DeadLetter) -> bool:
    """Tell whether a letter shows only the beginning of its line, or nothing of it."""
    return letter.text is None or _is_long(letter.text)


def _is_long(text: str | None) -> bool:
    return text is None or len(text) > TEXT_LIMIT


def _given(letter: DeadLetter) -> str | None:
    return letter.text if letter.item is None else letter.item


def _item_of(letter: DeadLetter) -> Any:
    given = _given(letter) or ""
    return json.loads(given) if letter.form is Form.JSON else given

"""A file that is worked in spans, put together: what came of each appended in their order, whichever ends first."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path

from linemill.engine import DeadLetter, Ledger
from linemill.errors import InvariantBroken
from linemill.executors.letters import moved
from linemill.executors.task import Task, Worked
from linemill.files import Span, Stage, Staged, Writer, cannot_write, shown
from linemill.mill.report import DEAD_LETTERS


class Joined:
    """The spans of one file, being put together in order while later ones are still worked on.

    Args:
        stage: Where the hidden files of the spans are made.
        whole: By output name, the hidden file that its spans are put together in.
        dead: The same for the dead letters.
        name: The file's name, for messages.

    Attributes:
        ledger: Counts of the spans that are put together.
        first_dead: The first dead letter of these.
    """

    def __init__(self, stage: Stage, whole: dict[str, Staged], dead: Staged, name: str) -> None:
        self.ledger = Ledger()
        self.first_dead: DeadLetter | None = None
        self._stage = stage
        self._whole = whole
        self._dead = dead
        self._name = name
        self._parts: dict[Span, dict[str, Staged]] = {}
        self._waiting: dict[Span, Worked] = {}
        self._order: deque[Span] = deque()
        self._writers = {output: Writer(staged.path) for output, staged in whole.items()}
        self._dead_writer = Writer(dead.path)
        self._is_open = True

    def stage_parts(self, span: Span) -> tuple[dict[str, Path | int], Path]:
        """Make the hidden files of the next span."""
        parts = {output: self._stage.open(staged.target) for output, staged in self._whole.items()}
        parts[DEAD_LETTERS] = self._stage.open(self._dead.target)
        self._parts[span] = parts
        self._order.append(span)
        return {output: staged.path for output, staged in parts.items() if output != DEAD_LETTERS}, parts[DEAD_LETTERS].path

    def add(self, task: Task, worked: Worked) -> None:
        """Take a span that is done, and append all that can be."""
        assert task.span is not None
        self._waiting[task.span] = worked
        while self._order and self._order[0] in self._waiting:
            span = self._order.popleft()
            self._append(self._parts.pop(span), self._waiting.pop(span))

    def close(self, sync: bool) -> None:
        """Close the files; without `sync`, remove the parts that are left."""
        if not self._is_open:
            return
        self._is_open = False
        for writer in (*self._writers.values(), self._dead_writer):
            writer.close(sync)
        for parts in self._parts.values():
            self._stage.discard(parts.values())
        if sync and (self._order or self._waiting):
            raise InvariantBroken(f"{len(self._order)} spans of the file were never worked on", self._name)

    def _append(self, parts: dict[str, Staged], worked: Worked) -> None:
        base = self.ledger.lines
        for output, writer in self._writers.items():
            hold_size(parts[output], worked.ledger.outputs[output].bytes)
            writer.append_from(parts[output].path)
        if worked.ledger.dead:
            try:
                with open(parts[DEAD_LETTERS].path, "rb") as letters:
                    for letter in letters:
                        self._dead_writer.write(moved(letter, base))
            except OSError as error:
                raise cannot_write(error, "put together", self._dead.target) from error
        if self.first_dead is None and worked.first_dead is not None:
            self.first_dead = replace(worked.first_dead, number=worked.first_dead.number + base)
        self._stage.discard(parts.values())
        self.ledger.add(worked.ledger)


def hold_size(staged: Staged, expected: int) -> None:
    """Hold that a staged file has as many bytes as the ledger says.

    Raises:
        InvariantBroken: It has not; says both counts.
        WorldError: The file cannot be looked at.
    """
    found = staged.size()
    if found != expected:
        raise InvariantBroken(f"the staged file has {found:,} bytes, the ledger {expected:,}", shown(staged.target))

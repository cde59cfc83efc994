"""One input file on its way: staged, worked in one piece or in spans, put together, published."""

from __future__ import annotations

import os
import stat
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from linemill.engine import DeadLetter, Ledger, empty_ledger
from linemill.errors import BadInput, InvariantBroken, LinemillError, TooManyDead
from linemill.executors.letters import moved
from linemill.executors.report import DEAD_LETTERS, Failure, FileReport, Published, State
from linemill.executors.task import Task, Worked
from linemill.files import Facts, Reader, Span, Stage, Staged, Writer, cannot_write, shown, spans
from linemill.mill.targets import Targets
from linemill.pipeline import Pipeline

SPAN_BYTES = 16 * 2**20
"""Bytes of a span: a tenth of a second and more of work, so that handing it out costs little, and small enough that the workers
end together and that what waits to be put together stays small."""


def spans_of(path: Path, span_bytes: int = SPAN_BYTES) -> int:
    """Tell into how many spans a file would be cut, if its content allows it; 1 for what is small or no regular file."""
    try:
        found = os.stat(path)
    except OSError:
        return 1
    return -(-found.st_size // span_bytes) if stat.S_ISREG(found.st_mode) and found.st_size > 2 * span_bytes else 1


class Job:
    """Makes the tasks of one file, takes what came of them, and publishes.

    Args:
        pipeline: The checked pipeline.
        path: The file; None for standard input.
        name: Its name.
        targets: Where its outputs go.
        stage: Where its hidden files are made.
        streams: Outputs whose lines go to an open descriptor in place of a file.
        span_bytes: How large the spans are that a large file is cut into; None if it may not be cut.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        path: Path | None,
        name: str,
        targets: Targets,
        stage: Stage,
        streams: Mapping[str, int],
        span_bytes: int | None,
    ) -> None:
        self.path = path
        self.name = name
        self._pipeline = pipeline
        self._targets = targets
        self._stage = stage
        self._streams = streams
        self._span_bytes = span_bytes
        self._start_s = time.monotonic()
        self._whole: dict[str, Staged] = {}
        self._dead: Staged | None = None
        self._facts: Facts | None = None
        self._joined: _Joined | None = None
        self._ledger = empty_ledger(pipeline)
        self._raw_bytes = 0
        self._first_dead: DeadLetter | None = None
        self._failure: LinemillError | None = None

    def tasks(self) -> Iterator[Task]:
        """Stage the outputs and give the tasks, each staged when it is asked for. Ends early once the file has failed."""
        self._start_s = time.monotonic()
        try:
            cut = self._cut()
            self._whole = {
                name: self._stage.open(target) for name, target in self._targets.outputs.items() if name not in self._streams
            }
            self._dead = self._stage.open(self._targets.dead)
            if len(cut) > 1:
                self._joined = _Joined(self._stage, self._whole, self._dead, self.name)
        except LinemillError as error:
            self._failure = error
            return
        for span in cut if self._joined else [None]:
            if self._failure is not None:
                return
            try:
                outputs, dead = self._staged_for(span)
            except LinemillError as error:
                self._failure = error
                return
            yield Task(self.path, self.name, span, outputs, dead)

    def take(self, task: Task, worked: Worked | LinemillError) -> None:
        """Take what came of a task; tasks of a file may end in any order."""
        if isinstance(worked, LinemillError):
            self._failure = self._failure or worked
            return
        self._raw_bytes += worked.raw_bytes
        if worked.failure is not None:
            self._failure = self._failure or worked.failure
        if task.span is None:
            self._ledger, self._first_dead = worked.ledger, worked.first_dead
        elif worked.facts != self._facts:
            self._failure = self._failure or BadInput(
                "the file was changed while it was read",
                shown(self.path or self.name),
                "run again when nobody writes to it",
                code="changed",
            )
        elif self._failure is None and self._joined is not None:
            try:
                self._joined.add(task, worked)
            except LinemillError as error:
                self._failure = error

    def finish(self) -> FileReport:
        """Publish, when all tasks have been taken; or take everything back, if the file failed."""
        published: tuple[Published, ...] = ()
        try:
            if self._joined is not None:
                self._joined.close(self._failure is None)
                self._ledger, self._first_dead = self._joined.ledger, self._joined.first_dead
            if self._failure is None:
                published = self._publish()
        except LinemillError as error:
            self._failure = error
        if self._failure is not None:
            self.discard()
        return FileReport(
            name=self.name,
            path=self.path,
            state=State.DONE if self._failure is None else State.FAILED,
            failure=None if self._failure is None else _told(self._failure),
            ledger=self._ledger,
            published=published,
            bytes=self._raw_bytes,
            seconds=time.monotonic() - self._start_s,
        )

    def discard(self) -> None:
        """Take everything back that is staged."""
        if self._joined is not None:
            self._joined.close(False)
        self._stage.discard([*self._whole.values(), *([self._dead] if self._dead else [])])

    def _cut(self) -> list[Span]:
        """Cut the file into spans, if that is allowed, possible and worth it."""
        if self._span_bytes is None or self.path is None or spans_of(self.path, self._span_bytes) < 2:
            return []
        with Reader(self.path, encoding=self._pipeline.input.encoding) as reader:
            self._facts = reader.facts
            return spans(reader.size or 0, self._span_bytes) if reader.is_splittable else []

    def _staged_for(self, span: Span | None) -> tuple[dict[str, Path | int], Path]:
        assert self._dead is not None
        if span is None:
            files: dict[str, Path | int] = {name: staged.path for name, staged in self._whole.items()}
            return files | dict(self._streams), self._dead.path
        assert self._joined is not None
        return self._joined.stage_parts(span)

    def _publish(self) -> tuple[Published, ...]:
        assert self._dead is not None
        ledger = self._ledger
        ledger.check(self._pipeline.entry, {node.name: node.routes for node in self._pipeline.nodes})
        self._hold_budget(ledger)
        staged = list(self._whole.values())
        published = []
        for name, one in self._whole.items():
            counts = ledger.outputs[name]
            _hold_size(one, counts.bytes)
            published.append(Published(name, one.target, counts.lines, counts.bytes))
        if ledger.dead:
            staged.append(self._dead)
            published.append(Published(DEAD_LETTERS, self._dead.target, ledger.dead, _size(self._dead)))
            self._stage.publish(staged)
        else:
            self._stage.discard([self._dead])
            # Dead letters of an earlier run: this one found nothing wrong.
            self._stage.publish(staged, obsolete=[self._dead.target])
        return tuple(published)

    def _hold_budget(self, ledger: Ledger) -> None:
        budget = self._pipeline.budget
        if budget.allows(ledger.dead, ledger.lines):
            return
        allowed = f"{budget.share * 100:.3g} %, and never fewer than {budget.least}" if budget.share else str(budget.least)
        first = self._first_dead
        example = f"the first is line {first.number}, {first.node or 'too long'}: {first.error}; " if first else ""
        raise TooManyDead(
            f"{ledger.dead:,} dead letters in {ledger.lines:,} lines, more than the error budget allows ({allowed})",
            shown(self.path or self.name),
            f"{example}mend what is wrong, or raise `errors: {{budget: ...}}`",
        )


class _Joined:
    """The spans of one file, being put together in order while later ones are still worked on."""

    def __init__(self, stage: Stage, whole: dict[str, Staged], dead: Staged, name: str) -> None:
        self.ledger = Ledger()
        self.first_dead: DeadLetter | None = None
        self._stage = stage
        self._whole = whole
        self._dead_target = dead
        self._parts: dict[Span, dict[str, Staged]] = {}
        self._waiting: dict[Span, Worked] = {}
        self._order: deque[Span] = deque()
        self._writers = {output: Writer(staged.path) for output, staged in whole.items()}
        self._dead = Writer(dead.path)
        self._name = name
        self._is_open = True

    def stage_parts(self, span: Span) -> tuple[dict[str, Path | int], Path]:
        """Make the hidden files of the next span."""
        parts = {output: self._stage.open(staged.target) for output, staged in self._whole.items()}
        parts[DEAD_LETTERS] = self._stage.open(self._dead_target.target)
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
        for writer in (*self._writers.values(), self._dead):
            writer.close(sync)
        for parts in self._parts.values():
            self._stage.discard(parts.values())
        if sync and (self._order or self._waiting):
            raise InvariantBroken(f"{len(self._order)} spans of the file were never worked on", self._name)

    def _append(self, parts: dict[str, Staged], worked: Worked) -> None:
        base = self.ledger.lines
        for output, writer in self._writers.items():
            _hold_size(parts[output], worked.ledger.outputs[output].bytes)
            writer.append_from(parts[output].path)
        if worked.ledger.dead:
            try:
                with open(parts[DEAD_LETTERS].path, "rb") as letters:
                    for letter in letters:
                        self._dead.write(moved(letter, base))
            except OSError as error:
                raise cannot_write(error, "put together", self._dead_target.target) from error
        if self.first_dead is None and worked.first_dead is not None:
            self.first_dead = replace(worked.first_dead, number=worked.first_dead.number + base)
        self._stage.discard(parts.values())
        self.ledger.add(worked.ledger)


def _hold_size(staged: Staged, expected: int) -> None:
    found = _size(staged)
    if found != expected:
        raise InvariantBroken(f"the staged file has {found:,} bytes, the ledger {expected:,}", shown(staged.target))


def _size(staged: Staged) -> int:
    try:
        return os.stat(staged.path).st_size
    except OSError as error:
        raise cannot_write(error, "published", staged.target) from error


def _told(error: LinemillError) -> Failure:
    return Failure(error.code, str(error), getattr(error, "traceback", ""), error.may_retry)

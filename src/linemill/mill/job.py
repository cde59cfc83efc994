"""One input file on its way: staged, worked in one piece or in spans, published. `joining` puts spans together."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from linemill.engine import DeadLetter, Ledger, empty_ledger
from linemill.errors import BadInput, LinemillError, ProcessorFailed, TooManyDead
from linemill.executors.task import Task, Worked
from linemill.files import Facts, Reader, Span, Stage, Staged, shown, spans
from linemill.mill.joining import Joined, hold_size
from linemill.mill.report import DEAD_LETTERS, Failure, FileReport, Published, State
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
        self._joined: Joined | None = None
        self._ledger = empty_ledger(pipeline)
        self._raw_bytes = 0
        self._first_dead: DeadLetter | None = None
        self._failure: LinemillError | None = None

    def tasks(self) -> Iterator[Task]:
        """Stage the outputs and give the tasks, each staged when it is asked for. Ends early once the file has failed."""
        try:
            cut = self._cut()
            for name, target in self._targets.outputs.items():
                if name not in self._streams:
                    self._whole[name] = self._stage.open(target)
            self._dead = self._stage.open(self._targets.dead)
            if len(cut) < 2:
                outputs: dict[str, Path | int] = {name: staged.path for name, staged in self._whole.items()}
                yield Task(self.path, self.name, None, outputs | dict(self._streams), self._dead.path)
                return
            self._joined = Joined(self._stage, self._whole, self._dead, self.name)
            for span in cut:
                if self._failure is not None:
                    return
                outputs, dead = self._joined.stage_parts(span)
                yield Task(self.path, self.name, span, outputs, dead)
        except LinemillError as error:
            self._fail(error)

    def take(self, task: Task, worked: Worked | LinemillError) -> None:
        """Take what came of a task; tasks of a file may end in any order."""
        if isinstance(worked, LinemillError):
            self._fail(worked)
            return
        self._raw_bytes += worked.raw_bytes
        if worked.failure is not None:
            if task.span is not None and isinstance(worked.failure, ProcessorFailed):
                # Which line of the file that is, only the spans before it know, and they may not have ended.
                worked.failure.where += f", in the part of the file from byte {task.span.start:,} on"
            self._fail(worked.failure)
        if task.span is None:
            self._ledger, self._first_dead = worked.ledger, worked.first_dead
        elif worked.facts != self._facts:
            where = shown(self.path or self.name)
            self._fail(
                BadInput("the file changed while it was being read", where, "wait until nobody writes to it", code="changed")
            )
        elif self._failure is None and self._joined is not None:
            try:
                self._joined.add(task, worked)
            except LinemillError as error:
                self._fail(error)

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
            self._fail(error)
        if self._failure is not None:
            self._discard()
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

    def _fail(self, error: LinemillError) -> None:
        """Fail the file; the first reason is the one that is told."""
        self._failure = self._failure or error

    def _cut(self) -> list[Span]:
        """Cut the file into spans, if that is allowed, possible and worth it."""
        if self._span_bytes is None or self.path is None or spans_of(self.path, self._span_bytes) < 2:
            return []
        with Reader(self.path, encoding=self._pipeline.input.encoding) as reader:
            self._facts = reader.facts
            return spans(reader.size or 0, self._span_bytes) if reader.is_splittable else []

    def _discard(self) -> None:
        """Take everything back that is staged."""
        if self._joined is not None:
            self._joined.close(False)
        self._stage.discard([*self._whole.values(), *([self._dead] if self._dead else [])])

    def _publish(self) -> tuple[Published, ...]:
        assert self._dead is not None
        ledger = self._ledger
        ledger.check(self._pipeline.entry, {node.name: node.routes for node in self._pipeline.nodes})
        self._hold_budget(ledger)
        staged = list(self._whole.values())
        published = []
        for name, one in self._whole.items():
            counts = ledger.outputs[name]
            hold_size(one, counts.bytes)
            published.append(Published(name, one.target, counts.lines, counts.bytes))
        if ledger.dead:
            staged.append(self._dead)
            published.append(Published(DEAD_LETTERS, self._dead.target, ledger.dead, self._dead.size()))
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


def _told(error: LinemillError) -> Failure:
    return Failure(error.code, str(error), error.traceback, error.may_retry)

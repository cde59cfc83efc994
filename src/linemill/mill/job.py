"""One attempt at one file on its way: its tasks, in one piece or in spans, what came of them, and what is to be committed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import xxhash

from linemill.catalog.records import Claim, Commit, How, Kind, Origin, SpanDone, StagedOutput
from linemill.engine import DeadLetter, Ledger, empty_ledger
from linemill.errors import BadInput, InvariantBroken, LinemillError, ProcessorFailed, TooManyDead
from linemill.executors.task import LETTERS, Task, Worked
from linemill.executors.traces import written_traces
from linemill.files import Facts, Reader, Span, cannot_write, shown
from linemill.files.hidden import discard, hidden_beside
from linemill.mill.joining import TRACES, Joined
from linemill.mill.pool import in_spans, spans_of
from linemill.mill.redriving import Redriven
from linemill.mill.targets import Targets, targets_of
from linemill.pipeline import DEAD_LETTERS, After, Pipeline

LONG_PATH_BYTES = 120
"""No file system refuses a shorter one for its length."""

SAMPLES = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
"""Lines whose ways are kept: of the beginning, where headers and the first oddities are, more than of what is all alike."""


def where_of(claim: Claim) -> str:
    """Name a file in messages, as people here would: from the current folder, if it is in it."""
    if claim.found is None:
        return claim.name
    here = os.path.relpath(claim.found)
    return shown(claim.found if here.startswith("..") else here)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the attempts of one pipeline leave things.

    Attributes:
        base: The folder that relative paths start from.
        tag: The catalog's mark on hidden files.
        span_bytes: How large the spans are that a large file is cut into; None if none may be cut.
        streams: Outputs whose lines go to an open descriptor in place of a file.
    """

    base: Path
    tag: str
    span_bytes: int | None
    streams: Mapping[str, int]


class Job:
    """Makes the tasks of one attempt, takes what came of them, and says what is to be committed. Publishes nothing.

    Args:
        claim: The attempt.
        pipeline: The checked pipeline, of the version that the claim names.
        place: Where its outputs go.
        samples: Numbers of the lines whose ways are kept.

    Attributes:
        claim: The attempt.
        targets: Where its outputs will be.
        raw_bytes: Raw bytes read by tasks that have ended.
        is_saved: Some of its spans are durable, so that another try may go on from there.
    """

    def __init__(self, claim: Claim, pipeline: Pipeline, place: Place, samples: tuple[int, ...] = SAMPLES) -> None:
        self.claim = claim
        self.targets: Targets = targets_of(pipeline, claim.life_name, place.base, claim.day)
        self.raw_bytes = 0
        self.is_saved = bool(claim.spans)
        self._pipeline = pipeline
        self._growing = {output.name for output in pipeline.outputs if output.is_growing}
        self._place = place
        self._samples = samples
        self._hidden = self._named()
        self._start_s = time.monotonic()
        self._facts: Facts | None = None
        self._joined: Joined | None = None
        self._redriven: Redriven | None = None
        self._ledger = empty_ledger(pipeline)
        self._letters: list[DeadLetter] = []
        self._pieces: dict[str, tuple[tuple[int, str], ...]] = {}
        self._traces = b""
        self._failure: LinemillError | None = None
        self._running = 0
        self._parts: set[Path] = set()

    @property
    def where(self) -> str:
        """How messages name the file."""
        return where_of(self.claim)

    @property
    def seconds(self) -> float:
        """Time since the attempt began, in seconds."""
        return time.monotonic() - self._start_s

    @property
    def ledger(self) -> Ledger:
        """All counts so far."""
        return self._joined.ledger if self._joined is not None else self._ledger

    def folders(self) -> set[str]:
        """Give the folders in which something will be staged."""
        return {os.path.dirname(path) for path in self._hidden.values()}

    def growing_targets(self) -> list[Path]:
        """Give the outputs that its lines are appended to."""
        return [self.targets.outputs[name] for name in self._growing if name in self._hidden]

    def whole_targets(self) -> list[Path]:
        """Give the outputs that are its own and may be in the way or have no possible name, the dead letters among them."""
        own = [target for name, target in self.targets.outputs.items() if name in self._hidden and name not in self._growing]
        own.append(self.targets.dead)
        if self._is_ours and self.claim.kind is Kind.FIRST:
            # Its name was chosen so that nothing is there, and what has come since is never replaced.
            return [target for target in own if len(os.fsencode(target)) > LONG_PATH_BYTES]
        return own

    def tasks(self) -> Iterator[Task]:
        """Give the tasks. Ends early once the file has failed."""
        claim = self.claim
        outputs: dict[str, Path | int] = {name: path for name, path in self._hidden.items() if name != DEAD_LETTERS}
        outputs |= dict(self._place.streams)
        dead = self._hidden[DEAD_LETTERS]
        try:
            if claim.kind is Kind.REDRIVE:
                self._redriven = Redriven(self.targets.dead, claim, self._pipeline)
                lines = self._redriven.lines()
                samples = tuple(number for number, _ in lines[:TRACES])
                resumed = self._redriven.items()
                yield Task(claim.place, claim.name, None, outputs, dead, letters=lines, resumed=resumed, samples=samples)
                return
            cut = self._cut()
            durable = self._durable(cut)
            if claim.spans and not durable:
                discard(self._hidden.values())
            if len(cut) < 2:
                yield Task(claim.place, claim.name, None, outputs, dead, samples=self._samples)
                return
            self._joined = Joined(self._hidden, durable, self.where)
            starts: dict[str, int] | None = dict(self._joined.lengths)
            for index, span in enumerate(cut):
                if index < len(durable):
                    continue
                if self._failure is not None:
                    return
                parts = {name: self._part(name, index) for name in self._hidden}
                self._joined.expect(span, parts)
                self._parts.update(parts.values())
                files: dict[str, Path | int] = {name: path for name, path in parts.items() if name != DEAD_LETTERS}
                whole = {name: self._hidden[name] for name in files}
                samples = self._samples if index == 0 else SAMPLES[:1]
                yield Task(claim.place, claim.name, span, files, parts[DEAD_LETTERS], whole=whole, starts=starts, samples=samples)
                starts = None
        except LinemillError as error:
            self.fail(error)

    def take(self, task: Task, worked: Worked | LinemillError) -> None:
        """Take what came of a task; tasks of a file may end in any order."""
        if isinstance(worked, LinemillError):
            self.fail(worked)
            return
        self.raw_bytes += worked.raw_bytes
        if worked.failure is not None:
            if task.span is not None and isinstance(worked.failure, ProcessorFailed):
                # Which line of the file that is, only the spans before it know, and they may not have ended.
                worked.failure.where += f", in the part of the file from byte {task.span.start:,} on"
            self.fail(worked.failure)
        if task.span is None:
            self._ledger, self._letters, self._traces = worked.ledger, list(worked.letters), worked.traces
            self._pieces = {name: (piece,) for name, piece in worked.pieces.items()}
        elif worked.facts != self._facts:
            self.fail(
                BadInput("the file changed while it was being read", self.where, "wait until nobody writes to it", code="changed")
            )
        elif self._failure is None and self._joined is not None:
            try:
                self._joined.add(task.span, worked)
            except LinemillError as error:
                self.fail(error)

    def durable(self, *, wait: bool = False) -> list[SpanDone]:
        """Give the spans that have become durable since this was last asked, and begin to store all that are put together.

        Args:
            wait: Until they are durable, too.

        Raises:
            WorldError: The system said no.
        """
        if self._joined is None or self._failure is not None:
            return []
        spans = self._joined.durable(wait=wait)
        self.is_saved = self.is_saved or bool(spans)
        return spans

    def fail(self, error: LinemillError) -> None:
        """Fail the attempt; the first reason is the one that is told, with the file named as everywhere."""
        if self.claim.place is not None and error.where == shown(self.claim.place):
            error.where = self.where
        self._failure = self._failure or error

    def commit(self) -> Commit | LinemillError:
        """Say what is to be committed, when all tasks have been taken: synced, and with counts that agree."""
        if self._failure is None:
            try:
                return self._commit()
            except LinemillError as error:
                self.fail(error)
        assert self._failure is not None
        return self._failure

    def discard(self) -> None:
        """Remove everything that is staged."""
        discard(self._hidden.values())
        discard(self._parts)

    def _commit(self) -> Commit:
        if self._joined is not None:
            self._joined.finish()
            self._letters = self._joined.letters
            self._traces = written_traces(self._joined.traces)
            self._pieces = {name: tuple(pieces) for name, pieces in self._joined.pieces.items()}
        ledger = self.ledger
        ledger.check(self._pipeline.entry, {node.name: node.routes for node in self._pipeline.nodes})
        if self.claim.kind is not Kind.REDRIVE:
            self._hold_budget(ledger)
        names = [output.name for output in self._pipeline.outputs if output.name not in self._place.streams]
        outputs = [self._staged(name, ledger) for name in names]
        dead = self._staged_dead(ledger)
        moves_to, deletes = self._way_of_the_input()
        return Commit(
            claim=self.claim,
            ledger=ledger,
            outputs=tuple(output for output in (*outputs, dead) if output is not None),
            letters=tuple(self._letters[:LETTERS]) if self._redriven is None else self._redriven.letters(self._letters),
            raw_bytes=self.raw_bytes,
            seconds=self.seconds,
            moves_to=moves_to,
            deletes=deletes,
            obsolete=() if dead is not None or (self.claim.kind is Kind.FIRST and self._is_ours) else (self.targets.dead,),
            traces=self._traces,
        )

    @property
    def _is_ours(self) -> bool:
        return self.claim.origin is Origin.INBOX

    @property
    def _may_replace(self) -> bool:
        """Whether targets that are there may be replaced: those of an earlier attempt at the same file, or as `run` does it."""
        return not self._is_ours or self.claim.kind in (Kind.REPROCESS, Kind.REDRIVE)

    def _staged(self, name: str, ledger: Ledger) -> StagedOutput | None:
        counts, pieces = ledger.outputs[name], self._pieces.get(name, ())
        path = self._hidden[name]
        _hold_size(path, counts.bytes, pieces, self.targets.outputs[name])
        is_added = name in self._growing or self.claim.kind is Kind.REDRIVE
        if is_added and not counts.bytes:
            discard([path])
            return None
        how = How.APPENDED if is_added else How.WHOLE
        target = self.targets.outputs[name]
        return StagedOutput(name, how, target, path, counts.bytes, counts.lines, pieces, self._may_replace)

    def _staged_dead(self, ledger: Ledger) -> StagedOutput | None:
        path, target = self._hidden[DEAD_LETTERS], self.targets.dead
        count = self._redriven.merge(path) if self._redriven is not None else ledger.dead
        if not count:
            if self._joined is not None or self._redriven is not None:  # else it was never made
                discard([path])
            return None
        if self._redriven is not None:
            pieces: tuple[tuple[int, str], ...] = (_summed(path),)
        else:
            pieces = self._pieces.get(DEAD_LETTERS, ())
        size = sum(length for length, _ in pieces)
        _hold_size(path, size, pieces, target)
        return StagedOutput(DEAD_LETTERS, How.WHOLE, target, path, size, count, pieces, self._may_replace)

    def _way_of_the_input(self) -> tuple[Path | None, bool]:
        watch = self._pipeline.watch
        if not self._is_ours or watch.after is After.KEEP:
            return None, False
        if watch.after is After.DELETE:
            return None, True
        return Path(os.path.join(self._place.base, watch.processed, self.claim.life_name)), False

    def _named(self) -> dict[str, Path]:
        """Name the hidden files beside their targets."""
        beside = [(name, path) for name, path in self.targets.outputs.items() if name not in self._place.streams]
        beside.append((DEAD_LETTERS, self.targets.dead))
        attempt, tag = self.claim.attempt_id, self._place.tag
        return {name: hidden_beside(target, tag, attempt, k) for k, (name, target) in enumerate(beside)}

    def _part(self, name: str, index: int) -> Path:
        k = (index + 1) * len(self._hidden) + list(self._hidden).index(name)
        return hidden_beside(self._hidden[name], self._place.tag, self.claim.attempt_id, k)

    def _cut(self) -> list[Span]:
        """Cut the file into spans, if that is allowed, possible and worth it."""
        path, size = self.claim.place, self._place.span_bytes
        if size is None or path is None or self._place.streams or 0 <= self.claim.size <= 2 * size:
            return []
        if not spans_of(path, size):
            return []
        with Reader(path, encoding=self._pipeline.input.encoding) as reader:
            self._facts = reader.facts
            return in_spans(reader.size or 0, size) if reader.is_splittable else []

    def _durable(self, cut: list[Span]) -> tuple[SpanDone, ...]:
        """Give the spans of an earlier try that are in the staged files, cut to what was durable; none if anything is amiss."""
        spans_done = [Span(span.start, span.end) for span in self.claim.spans]
        if not spans_done or spans_done != cut[: len(spans_done)]:
            return ()
        lengths = self.claim.spans[-1].lengths
        try:
            for name, path in self._hidden.items():
                wanted = lengths.get(name, 0)
                if not wanted and not path.exists():
                    continue
                if path.stat().st_size < wanted:
                    return ()
                os.truncate(path, wanted)
        except OSError:
            return ()
        return self.claim.spans

    def _hold_budget(self, ledger: Ledger) -> None:
        budget = self._pipeline.budget
        if budget.allows(ledger.dead, ledger.lines):
            return
        least = "and never all" if ledger.dead >= ledger.lines else f"and never fewer than {budget.least}"
        allowed = f"{budget.share * 100:.3g} %, {least}" if budget.share else str(budget.least)
        first = self._letters[0] if self._letters else None
        example = f"the first is line {first.number}, {first.node or 'too long'}: {first.error}; " if first else ""
        raise TooManyDead(
            f"{ledger.dead:,} dead letters in {ledger.lines:,} lines, more than the error budget allows ({allowed})",
            self.where,
            f"{example}mend what is wrong, or raise `errors: {{budget: ...}}`",
        )


def _hold_size(path: Path, expected: int, pieces: tuple[tuple[int, str], ...], target: Path) -> None:
    """Hold that a staged file has as many bytes as the ledger says, and as were summed.

    Raises:
        InvariantBroken: It has not; says both counts.
        WorldError: The file cannot be looked at.
    """
    try:
        found = os.stat(path).st_size
    except OSError as error:
        raise cannot_write(error, "published", target) from error
    summed = sum(length for length, _ in pieces)
    if not found == expected == summed:
        what = f"the staged file has {found:,} bytes, the ledger {expected:,}, its checksums are of {summed:,}"
        raise InvariantBroken(what, shown(target))


def _summed(path: Path) -> tuple[int, str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise cannot_write(error, "put together", path) from error
    return len(data), xxhash.xxh3_64_hexdigest(data)

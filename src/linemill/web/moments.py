"""What a catalog says at one moment, and what of it was done in the last minutes. Asked from one thread at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from linemill.catalog.history import History
from linemill.catalog.periods import LATENCY_BOUNDS_S, MINUTE, Counts, PeriodRow
from linemill.catalog.records import FileState
from linemill.mill.explaining import MillState, mill_state_of
from linemill.web.models import FileCounts, Point

RATE_S = 10.0
"""Over which rates are told, in seconds."""

RECENT_S = 0.9
"""Moments of the last seconds are remembered this far apart, at least."""

MARK_S = 10.0
"""And those of the last ten minutes this far."""

KEPT_S = 600.0

LOST_S = 60.0
"""After so long without being asked, what was remembered is worth less than what the catalog knows of the minutes."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the catalog says.

    Attributes:
        at: When.
        totals: What was done since it was begun.
        files: Files by state.
        mill: Whether files are worked on.
        version: The pipeline's, the first twelve digits; None if no attempt was made with any.
        backlog: Files that are to be done; None where no mill runs.
    """

    at: float
    totals: Counts
    files: FileCounts
    mill: MillState
    version: str | None
    backlog: int | None


def moment(history: History, now: float) -> Moment:
    """Ask the catalog."""
    said = history.now()
    mill = mill_state_of(said.standing)
    files = FileCounts(
        inbox=mill.in_inbox,
        ready=said.files[FileState.READY],
        working=said.files[FileState.WORKING],
        committed=said.files[FileState.COMMITTED],
        failed=said.files[FileState.FAILED],
        letters=said.letters,
    )
    return Moment(
        at=now,
        totals=said.totals,
        files=files,
        mill=mill,
        version=said.digest[:12] if said.digest is not None else None,
        backlog=None if mill.in_inbox is None else mill.in_inbox + files.ready + files.working + files.committed,
    )


def point_of(at: float, seconds: float, counts: Counts) -> Point:
    """Say what was done in some time."""
    return Point(
        at=at,
        seconds=seconds,
        files=counts.files,
        failed=counts.failed,
        lines=counts.lines,
        dead=counts.all_dead,
        raw_bytes=counts.raw_bytes,
        backlog=counts.backlog,
        latency_p50=quantile(counts.latency, 0.5),
        latency_p95=quantile(counts.latency, 0.95),
    )


def quantile(latency: Sequence[int], share: float) -> float | None:
    """Tell how long a share of the files took at most, in seconds, as near as the counts tell; None where there are no files."""
    wanted = share * sum(latency)
    if not wanted:
        return None
    before = 0
    bounds = (0.0, *LATENCY_BOUNDS_S)
    for index, count in enumerate(latency[:-1]):
        if before + count >= wanted:
            low, high = bounds[index], bounds[index + 1]
            return low + (high - low) * (wanted - before) / count
        before += count
    return LATENCY_BOUNDS_S[-1]  # or longer: nothing is known above


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some time, and what was done in it."""

    at: float
    seconds: float
    counts: Counts


class Recent:
    """What was done in the last minutes, in stretches of ten seconds since somebody asks, and of a minute before.

    Args:
        minutes: Gives the minutes of the catalog from a time on.
    """

    def __init__(self, minutes: Callable[[float], Sequence[PeriodRow]]) -> None:
        self._minutes = minutes
        self._past: deque[Stretch] = deque()
        self._mark_at = 0.0
        self._mark = Counts()
        self._backlog: int | None = None
        self._last: Moment | None = None
        self._lately: deque[tuple[float, Counts]] = deque()

    def take(self, now: Moment) -> None:
        """Take what the catalog says now."""
        last = self._last
        if last is None or not 0 <= now.at - last.at <= LOST_S or _is_another(now.totals, last.totals):
            self._begin(now)
        elif now.at - self._mark_at >= MARK_S:
            self._past.append(Stretch(self._mark_at, now.at - self._mark_at, self._since_mark(now)))
            self._mark_at, self._mark, self._backlog = now.at, now.totals, None
        if now.backlog is not None:
            self._backlog = max(self._backlog or 0, now.backlog)
        if not self._lately or now.at - self._lately[-1][0] >= RECENT_S:
            self._lately.append((now.at, now.totals))
        while len(self._lately) > 1 and self._lately[1][0] <= now.at - RATE_S:
            self._lately.popleft()
        while self._past and self._past[0].at + self._past[0].seconds <= now.at - KEPT_S:
            self._past.popleft()
        self._last = now

    def rate(self) -> tuple[float, Counts]:
        """Tell what was done lately, and in how many seconds: ten, or some more where nobody had asked before."""
        assert self._last is not None
        at, before = self._lately[0]
        if at > self._last.at - RATE_S:
            at, before = self._mark_before(self._last.at - RATE_S)
        return max(self._last.at - at, 1.0), self._last.totals.since(before)

    def stretches(self) -> Iterator[Stretch]:
        """Give the last ten minutes, the oldest first; the last one is not over."""
        assert self._last is not None
        seconds = self._last.at - self._mark_at
        return chain(self._past, [Stretch(self._mark_at, seconds, self._since_mark(self._last))] if seconds else [])

    def _begin(self, now: Moment) -> None:
        """Forget what was remembered, and ask the catalog for the minutes."""
        minute = int(now.at) // MINUTE * MINUTE
        first = minute - int(KEPT_S) + MINUTE
        rows = {row.start: row.counts for row in self._minutes(first)}
        this = rows.get(minute, Counts())
        self._past = deque(Stretch(start, MINUTE, rows.get(start, Counts())) for start in range(first, minute, MINUTE))
        self._mark_at, self._mark, self._backlog = minute, now.totals.since(this), this.backlog
        self._lately.clear()

    def _since_mark(self, now: Moment) -> Counts:
        counts = now.totals.since(self._mark)
        counts.backlog = self._backlog
        return counts

    def _mark_before(self, at: float) -> tuple[float, Counts]:
        """Give a moment of the past before a time, and what had been done by then."""
        totals = Counts()
        totals.add(self._mark)
        begin = self._mark_at
        for stretch in reversed(self._past):
            if begin <= at:
                break
            totals.add(stretch.counts, -1)
            begin = stretch.at
        return begin, totals


def _is_another(now: Counts, before: Counts) -> bool:
    """Tell whether sums went down: somebody put another catalog there."""
    return now.files < before.files or now.lines < before.lines or now.failed < before.failed

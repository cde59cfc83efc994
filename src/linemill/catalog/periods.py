"""What was done in each minute, in each hour, and since the catalog was begun.

Added up where it happens, in the same transaction: lines, items and dead letters when an attempt is committed, files when
they are published or have failed for good. So nothing is counted twice, and nothing that others have committed is missed.

An attempt that is made again counts again, and one that failed counts nothing but its file. A re-drive counts what went
through the nodes and what died again, but no lines and no file: these were counted when they were read first. A commit that
was taken back stays counted: a sum that went down would look like a new beginning to whoever watches it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from linemill.catalog.records import Commit, Failed, Kind, Redo
from linemill.catalog.schema import control, period

MINUTE, HOUR, EVER = 60, 3600, 0
"""Lengths of periods, in seconds; the last one has neither beginning nor end."""

KEPT_S = {MINUTE: 2 * 24 * 3600, HOUR: 400 * 24 * 3600}
"""For how long periods are kept, in seconds: what a look back over a day, or over a year, needs and some more."""

LATENCY_BOUNDS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Files are counted by how long they took, up to each of these; the last count is of those that took longer."""

BACKLOG = "backlog"
"""The name of the control value: how many files are in the inbox, as the mill saw it last."""


@dataclass(slots=True)
class NodeWork:
    """What a node did.

    Attributes:
        came: Items that came in.
        gave: Items that went out, whatever their tag.
        filtered: Items that came in and gave nothing.
        seconds: Time in the node.
    """

    came: int = 0
    gave: int = 0
    filtered: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Counts:
    """What was done in some time.

    Attributes:
        files: Files published.
        failed: Files that failed for good.
        lines: Lines read.
        raw_bytes: Raw bytes read.
        dead: Dead letters by the node or the output that had the line; an empty name for lines that came to none.
        failures: Files that failed for good, by code.
        latency: Files by how long they took from noticed to published, a count for each of `LATENCY_BOUNDS_S` and one for the
            rest; without those that were done anew.
        latency_s: The sum of these times.
        nodes: By name, of whatever version of the pipeline.
        routes: Items by source and target.
        backlog: Files in the inbox and in hand, at most; None where no mill looked.
    """

    files: int = 0
    failed: int = 0
    lines: int = 0
    raw_bytes: int = 0
    dead: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    latency: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS_S) + 1))
    latency_s: float = 0.0
    nodes: dict[str, NodeWork] = field(default_factory=dict)
    routes: dict[str, dict[str, int]] = field(default_factory=dict)
    backlog: int | None = None

    @property
    def all_dead(self) -> int:
        """Dead letters, wherever they died."""
        return sum(self.dead.values())

    def add(self, other: Counts, sign: int = 1) -> None:
        """Add what was done in another time; or, with -1, take it away. The highest backlog stays."""
        self.files += sign * other.files
        self.failed += sign * other.failed
        self.lines += sign * other.lines
        self.raw_bytes += sign * other.raw_bytes
        _add(self.dead, other.dead, sign)
        _add(self.failures, other.failures, sign)
        self.latency = [mine + sign * theirs for mine, theirs in zip(self.latency, other.latency, strict=True)]
        self.latency_s += sign * other.latency_s
        for name, theirs in other.nodes.items():
            mine = self.nodes.setdefault(name, NodeWork())
            mine.came += sign * theirs.came
            mine.gave += sign * theirs.gave
            mine.filtered += sign * theirs.filtered
            mine.seconds += sign * theirs.seconds
        for source, targets in other.routes.items():
            _add(self.routes.setdefault(source, {}), targets, sign)
        if other.backlog is not None:
            self.backlog = max(self.backlog or 0, other.backlog)

    def since(self, before: Counts) -> Counts:
        """Give what was done since a sum was `before`; without a backlog, which is no sum."""
        difference = Counts()
        difference.add(self)
        difference.add(before, -1)
        difference.backlog = None
        return difference


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A period in which something was done.

    Attributes:
        seconds: Its length.
        start: When it began.
        counts: What was done in it.
    """

    seconds: int
    start: int
    counts: Counts


def worked(commits: Sequence[Commit]) -> Counts:
    """Count what is known of attempts when they are committed."""
    counts = Counts()
    for each in commits:
        ledger = each.ledger
        if each.claim.kind is not Kind.REDRIVE:
            counts.lines += ledger.lines
            counts.raw_bytes += each.raw_bytes
        if ledger.too_long:
            _add(counts.dead, {"": ledger.too_long})
        for name, node in ledger.nodes.items():
            work = counts.nodes.setdefault(name, NodeWork())
            work.came += node.came
            work.gave += sum(node.gave.values())
            work.filtered += node.filtered
            work.seconds += node.seconds
            if node.sent:
                _add(counts.routes.setdefault(name, {}), node.sent)
            if node.dead or node.unrouted:
                _add(counts.dead, {name: node.dead + node.unrouted})
        for name, output in ledger.outputs.items():
            if output.dead:
                _add(counts.dead, {name: output.dead})
    return counts


def published(redos: Sequence[Redo], now: float) -> Counts:
    """Count what is known of attempts only when they are published."""
    counts = Counts()
    for redo in redos:
        if redo.kind is Kind.REDRIVE:
            continue
        counts.files += 1
        if redo.kind is not Kind.REPROCESS:
            took_s = max(0.0, now - redo.noticed_at)
            counts.latency[bisect_left(LATENCY_BOUNDS_S, took_s)] += 1
            counts.latency_s += took_s
    return counts


def failed(failures: Sequence[Failed]) -> Counts:
    """Count files that have failed for good; not those that were published before, which stay done."""
    counts = Counts()
    for each in failures:
        if each.next_try_at is None and each.claim.kind not in (Kind.REDRIVE, Kind.REPROCESS):
            counts.failed += 1
            _add(counts.failures, {each.code: 1})
    return counts


def add(connection: Connection, counts: Counts, now: float) -> None:
    """Add what was done to the periods that it was done in; part of a transaction that writes."""
    if counts == _NOTHING:
        return
    keys = {MINUTE: _start(now, MINUTE), HOUR: _start(now, HOUR), EVER: 0}
    rows = {row.seconds: row for row in connection.execute(_THESE, {"minute": keys[MINUTE], "hour": keys[HOUR]})}
    changed: list[dict[str, object]] = []
    new: list[dict[str, object]] = []
    for seconds, start in keys.items():
        sum_ = counts_of(rows[seconds].counts) if seconds in rows else Counts()
        sum_.add(counts)
        text = orjson.dumps(sum_).decode()
        if seconds in rows:
            changed.append({"of_seconds": seconds, "of_start": start, "sum": text})
        else:
            new.append({"seconds": seconds, "start": start, "counts": text})
    if changed:
        connection.execute(_CHANGE, changed)
    if new:
        connection.execute(insert(period), new)


def note_backlog(connection: Connection, in_inbox: int, most: int, now: float) -> None:
    """Note how many files are in the inbox, and how many a mill had before it at most since it said so last."""
    connection.execute(delete(control).where(control.c.name == BACKLOG))
    connection.execute(insert(control), {"name": BACKLOG, "value": str(in_inbox), "at": now})
    add(connection, Counts(backlog=most), now)


def thin(connection: Connection, now: float) -> None:
    """Remove periods that nobody looks at any more."""
    for seconds, kept_s in KEPT_S.items():
        connection.execute(delete(period).where(period.c.seconds == seconds, period.c.start < now - kept_s))


def read(connection: Connection, seconds: int, since: float) -> list[PeriodRow]:
    """Give the periods of a length that have something, from a time on, the oldest first."""
    rows = connection.execute(_SINCE, {"of_seconds": seconds, "since": since})
    return [PeriodRow(row.seconds, row.start, counts_of(row.counts)) for row in rows]


def counts_of(text: str | bytes) -> Counts:
    """Read counts."""
    said: Mapping[str, Any] = orjson.loads(text)
    nodes = {name: NodeWork(**work) for name, work in said["nodes"].items()}
    return Counts(**{**said, "nodes": nodes})


_NOTHING = Counts()

_THESE = (
    select(period)
    .where(
        or_(
            and_(period.c.seconds == MINUTE, period.c.start == bindparam("minute")),
            and_(period.c.seconds == HOUR, period.c.start == bindparam("hour")),
            and_(period.c.seconds == EVER, period.c.start == 0),
        )
    )
    .with_for_update()
)
_CHANGE = (
    update(period)
    .where(period.c.seconds == bindparam("of_seconds"), period.c.start == bindparam("of_start"))
    .values(counts=bindparam("sum"))
)
_SINCE = (
    select(period)
    .where(period.c.seconds == bindparam("of_seconds"), period.c.start >= bindparam("since"))
    .order_by(period.c.start)
)


def _start(now: float, seconds: int) -> int:
    return int(now) // seconds * seconds


def _add(mine: dict[str, int], theirs: Mapping[str, int], sign: int = 1) -> None:
    for key, count in theirs.items():
        mine[key] = mine.get(key, 0) + sign * count

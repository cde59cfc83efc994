"""Counting again: what is published is held against the ledger, byte by byte, and the ledger against itself."""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import xxhash

from linemill.catalog.history import History
from linemill.catalog.records import AttemptState, FileState, How, Kind
from linemill.catalog.rows import AttemptRow, NodeRow, OutputRow
from linemill.engine import Ledger, OutputCounts
from linemill.errors import InvariantBroken
from linemill.files import shown
from linemill.files.trouble import reason_of
from linemill.pipeline import Pipeline, version_of

READ_BYTES = 2**20
"""What is held in memory of a file."""

PAGE = 1_000
"""Rows of files that are read at a time."""

LOOKS = 3
"""How often a target is looked at while the catalog still changes: a mill may be publishing to it."""


class Wrong(StrEnum):
    """What is wrong."""

    MISSING = "missing"
    """The target is not there, or is no file."""
    UNREADABLE = "unreadable"
    """The system does not let us read it."""
    SHORTER = "shorter"
    """It ends before the last byte that was published."""
    CHANGED = "changed"
    """Its bytes are not those that were published."""
    FOREIGN = "foreign"
    """There are bytes behind the last one that was published."""
    MISCOUNTED = "miscounted"
    """Counts of the ledger do not agree."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong.

    Attributes:
        wrong: What.
        what: The same in words, with numbers.
        target: The output file; None where the ledger alone is wrong.
        file_id: The file whose lines are concerned; None for bytes that are nobody's.
        attempt_id: Its attempt; None as above.
        output: The output's name; empty where the ledger alone is wrong.
    """

    wrong: Wrong
    what: str
    target: Path | None
    file_id: int | None
    attempt_id: int | None
    output: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """What has been counted.

    Attributes:
        attempts: Attempts whose counts were held against each other.
        outputs: Outputs of input files that were counted.
        bytes: Bytes in them, as they were published.
        lines: Lines in them, as they were published.
        unpublished: Files that are committed and not published yet, by id: nothing of them was counted.
        findings: What is wrong.
    """

    attempts: int
    outputs: int
    bytes: int
    lines: int
    unpublished: tuple[int, ...]
    findings: tuple[Finding, ...]


def verify(history: History, file_id: int | None = None, *, pipeline: Pipeline | None = None) -> Verified:
    """Count everything that is published again, or what is published of one file. A mill may go on working meanwhile.

    Args:
        history: The catalog.
        file_id: Only this file.
        pipeline: The pipeline as it is now: attempts that were made with it are held against its routes, too.

    Raises:
        WorldError: The catalog cannot be read.
    """
    findings: list[Finding] = []
    attempts = outputs = total_bytes = lines = 0
    now = version_of(pipeline) if pipeline is not None else None
    version = history.version_of(now.text, now.sources) if now is not None else None
    for attempt, nodes in _published(history, file_id):
        attempts += 1
        findings += balance(attempt, nodes, pipeline if attempt.version_id == version else None)
    for target in _targets(history, file_id):
        counted, found = _counted(history, target, file_id)
        outputs += len(counted)
        total_bytes += sum(output.bytes for output in counted)
        lines += sum(output.lines for output in counted)
        findings += found
    return Verified(attempts, outputs, total_bytes, lines, _unpublished(history, file_id), tuple(findings))


def _unpublished(history: History, file_id: int | None) -> tuple[int, ...]:
    if file_id is not None:
        row = history.file(file_id)
        return (file_id,) if row is not None and row.state is FileState.COMMITTED else ()
    found: list[int] = []
    after: str | None = None
    while True:
        page = history.files(state=FileState.COMMITTED, sort="id", after=after, limit=PAGE)
        found += [row.id for row in page.rows]
        after = page.after
        if after is None:
            return tuple(found)


def _published(history: History, file_id: int | None) -> Iterator[tuple[AttemptRow, Sequence[NodeRow]]]:
    if file_id is not None:
        pages = iter([[attempt for attempt in history.attempts(file_id) if attempt.state is AttemptState.PUBLISHED]])
    else:
        pages = _pages(history)
    for attempts in pages:
        nodes = history.node_counts([attempt.id for attempt in attempts])
        for attempt in attempts:
            yield attempt, nodes.get(attempt.id, ())


def _pages(history: History) -> Iterator[list[AttemptRow]]:
    after = 0
    while attempts := history.published_attempts(after):
        yield attempts
        after = attempts[-1].id


def _targets(history: History, file_id: int | None) -> Iterator[str]:
    if file_id is not None:
        standing = (output for output in history.outputs(file_id=file_id) if output.replaced_by is None)
        yield from dict.fromkeys(shown(output.target) for output in standing)
        return
    after = ""
    while targets := history.targets(after):
        yield from targets
        after = targets[-1]


def balance(attempt: AttemptRow, nodes: Sequence[NodeRow], pipeline: Pipeline | None) -> list[Finding]:
    """Hold the counts of an attempt against each other.

    Args:
        attempt: The attempt.
        nodes: What its nodes did, in topological order.
        pipeline: The pipeline that it was made with; None if that is not at hand.
    """
    counts = {row.node: row.counts for row in nodes}
    if not counts:
        return []
    entry = next(iter(counts))
    too_long = attempt.lines - counts[entry].came
    arrived: Counter[str] = Counter()
    for node in counts.values():
        arrived.update(node.sent)
    if attempt.kind is Kind.REDRIVE:  # what goes on from the node that it died at was sent by none; how much, nobody has kept
        counts = {
            name: node if name == entry else replace(node, resumed=max(0, node.came - arrived[name]))
            for name, node in counts.items()
        }
    wrong = [
        f"{node.came:,} items came into node {name!r}, {arrived[name]:,} were sent to it"
        for name, node in counts.items()
        if name != entry and node.came != arrived[name] + node.resumed
    ]
    if too_long < 0:
        wrong.append(f"{counts[entry].came:,} lines came into node {entry!r}, {attempt.lines:,} were read")
    dead = too_long + sum(node.dead + node.unrouted for node in counts.values())
    if dead > attempt.dead:
        wrong.append(f"{dead:,} dead letters are counted at the nodes, {attempt.dead:,} in all")
    if not wrong and pipeline is not None:
        outputs = {output.name: OutputCounts(came=arrived[output.name]) for output in pipeline.outputs}
        try:
            Ledger(attempt.lines, too_long, counts, outputs).check(
                pipeline.entry, {node.name: node.routes for node in pipeline.nodes}
            )
        except (InvariantBroken, LookupError) as error:
            wrong.append(str(error))
    return [Finding(Wrong.MISCOUNTED, what, None, attempt.file_id, attempt.id) for what in wrong]


def _counted(history: History, target: str, file_id: int | None) -> tuple[list[OutputRow], list[Finding]]:
    """Count the outputs in a target; again, if something is wrong and the catalog has changed meanwhile."""
    rows = history.outputs_at(target)
    for _ in range(LOOKS):
        standing = sorted((row for row in rows if row.replaced_by is None), key=lambda row: (row.offset, row.id))
        counted = [row for row in standing if row.is_published and file_id in (None, row.file_id)]
        findings = _differences(standing, counted) if counted else []
        before, rows = rows, history.outputs_at(target) if findings else rows
        if rows == before:
            break
    return counted, findings


def _differences(standing: Sequence[OutputRow], counted: Sequence[OutputRow]) -> list[Finding]:
    """Compare a target with what is to be in it.

    Args:
        standing: All outputs in it, by their places, some of which may not be published yet.
        counted: Those to look at.
    """
    target = counted[0].target
    findings: list[Finding] = []
    end = 0
    for row in standing:
        if row.offset != end:
            what = f"byte {row.offset:,} is where it begins, byte {end:,} where the one before ends"
            findings.append(_finding(Wrong.MISCOUNTED, what, row))
        end = row.end
    try:
        descriptor = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        is_missing = error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
        what = "there is a link in its place" if error.errno == errno.ELOOP else reason_of(error)
        wrong = Wrong.MISSING if is_missing else Wrong.UNREADABLE
        return findings + [_finding(wrong, "it is not there" if error.errno == errno.ENOENT else what, row) for row in counted]
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return findings + [_finding(Wrong.MISSING, "there is something else in its place", row) for row in counted]
        for row in counted:
            findings += _compared(descriptor, row, status.st_size)
    except OSError as error:
        findings.append(_finding(Wrong.UNREADABLE, reason_of(error), row))
    finally:
        os.close(descriptor)
    # What is about to be published may be there already; a whole output that is about to be replaced may be of any size.
    is_settled = all(row.is_published or row.how is How.APPENDED for row in standing)
    if is_settled and status.st_size > end:
        what = f"{status.st_size - end:,} bytes that linemill did not write are behind byte {end:,}"
        findings.append(Finding(Wrong.FOREIGN, what, target, None, None, counted[-1].name))
    return findings


def _compared(descriptor: int, row: OutputRow, size: int) -> list[Finding]:
    """Compare the bytes of one output."""
    if size < row.end:
        what = f"{max(0, size - row.offset):,} of {row.bytes:,} bytes are there"
        return [_finding(Wrong.SHORTER, what, row)]
    lines = 0
    at = row.offset
    for length, checksum in row.pieces:
        digest = xxhash.xxh3_64()
        left = length
        while left and (block := os.pread(descriptor, min(left, READ_BYTES), at + length - left)):
            digest.update(block)
            lines += block.count(b"\n")
            left -= len(block)
        if left or digest.hexdigest() != checksum:
            what = f"something between byte {at:,} and byte {at + length:,} is not what was written"
            return [_finding(Wrong.CHANGED, what, row)]
        at += length
    if at != row.end:
        return [_finding(Wrong.MISCOUNTED, f"its parts have {at - row.offset:,} bytes, {row.bytes:,} are counted", row)]
    if lines != row.lines:
        return [_finding(Wrong.MISCOUNTED, f"{lines:,} lines are there, {row.lines:,} are counted", row)]
    return []


def _finding(wrong: Wrong, what: str, row: OutputRow) -> Finding:
    return Finding(wrong, what, row.target, row.file_id, row.attempt_id, row.name)

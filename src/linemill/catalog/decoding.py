"""Rows of the tables as the values that `History` gives."""

from __future__ import annotations

import json
from typing import Any

from linemill.catalog.encoding import Row, a_path_of, path_of, pieces_of, wish_of
from linemill.catalog.records import AttemptState, FileState, How, Kind, Origin
from linemill.catalog.rows import AttemptRow, EventRow, FileRow, LetterRow, NodeRow, OutputRow
from linemill.engine.ledger import NodeCounts
from linemill.files import unshown


def file_row(row: Row) -> FileRow:
    """Make a file of its row."""
    return FileRow(
        id=row.id,
        origin=Origin(row.origin),
        name=unshown(row.name),
        number=row.number,
        life_name=unshown(row.life_name),
        found=path_of(row.found),
        place=path_of(row.place),
        size=row.size,
        mtime_ns=row.mtime_ns,
        state=FileState(row.state),
        since=row.since,
        noticed_at=row.noticed_at,
        done_at=row.done_at,
        tries=row.tries,
        next_try_at=row.next_try_at,
        wish=wish_of(row.wish),
        attempt_id=row.attempt_id,
        code=row.code,
        reason=row.reason,
        traceback=row.traceback or "",
        lines=row.lines,
        dead=row.dead,
        raw_bytes=row.raw_bytes,
        seconds=row.seconds,
    )


def attempt_row(row: Row) -> AttemptRow:
    """Make an attempt of its row."""
    return AttemptRow(
        id=row.id,
        file_id=row.file_id,
        number=row.number,
        kind=Kind(row.kind),
        version_id=row.version_id,
        owner_id=row.owner_id,
        day=row.day,
        state=AttemptState(row.state),
        wish=wish_of(row.wish),
        began_at=row.began_at,
        ended_at=row.ended_at,
        code=row.code,
        reason=row.reason,
        lines=row.lines,
        dead=row.dead,
        raw_bytes=row.raw_bytes,
        seconds=row.seconds,
    )


def output_row(row: Row) -> OutputRow:
    """Make an output of its row, joined with its attempt's."""
    return OutputRow(
        id=row.id,
        attempt_id=row.attempt_id,
        file_id=row.file_id,
        name=row.name,
        how=How(row.how),
        target=a_path_of(row.target),
        offset=row.offset_bytes,
        bytes=row.bytes,
        lines=row.lines,
        pieces=pieces_of(row.pieces),
        is_published=row.is_published,
        replaced_by=row.replaced_by,
    )


def node_row(row: Row) -> NodeRow:
    """Make the counts of a node of their row."""
    counts = NodeCounts(
        came=row.came,
        gave=json.loads(row.gave),
        sent=json.loads(row.sent),
        filtered=row.filtered,
        dead=row.dead,
        unrouted=row.unrouted,
        restarts=row.restarts,
        seconds=row.seconds,
    )
    return NodeRow(row.attempt_id, row.node, counts)


def letter_row(row: Row) -> LetterRow:
    """Make a dead letter of its row."""
    return LetterRow(row.id, row.file_id, row.attempt_id, row.number, row.node, row.code, mapping(row.letter))


def event_row(row: Row) -> EventRow:
    """Make an event of its row."""
    return EventRow(row.id, row.at, row.who, row.what, row.file_id, row.detail)


def mapping(text: str | bytes) -> dict[str, Any]:
    """Read a JSON object."""
    read: dict[str, Any] = json.loads(text)
    return read


def value(text: str | None) -> Any:
    """Read any JSON value; None for none."""
    return None if text is None else json.loads(text)

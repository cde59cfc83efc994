"""Rows of the tables as values: text back into names, paths and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from linemill.catalog.records import AttemptState, FileState, How, Kind, Origin, Wish
from linemill.catalog.rows import AttemptRow, EventRow, FileRow, LetterRow, NodeRow, OutputRow
from linemill.engine.ledger import NodeCounts
from linemill.files import unshown


def file_row(row: Any) -> FileRow:
    """Make a file of its row."""
    return FileRow(
        id=row.id,
        origin=Origin(row.origin),
        name=unshown(row.name),
        number=row.number,
        life_name=unshown(row.life_name),
        found=_path(row.found),
        place=_path(row.place),
        size=row.size,
        mtime_ns=row.mtime_ns,
        state=FileState(row.state),
        since=row.since,
        noticed_at=row.noticed_at,
        done_at=row.done_at,
        tries=row.tries,
        next_try_at=row.next_try_at,
        wish=_wish(row.wish),
        attempt_id=row.attempt_id,
        code=row.code,
        reason=row.reason,
        traceback=row.traceback or "",
        lines=row.lines,
        dead=row.dead,
        raw_bytes=row.raw_bytes,
        seconds=row.seconds,
    )


def attempt_row(row: Any) -> AttemptRow:
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
        wish=_wish(row.wish),
        began_at=row.began_at,
        ended_at=row.ended_at,
        code=row.code,
        reason=row.reason,
        lines=row.lines,
        dead=row.dead,
        raw_bytes=row.raw_bytes,
        seconds=row.seconds,
    )


def output_row(row: Any) -> OutputRow:
    """Make an output of its row, joined with its attempt's."""
    return OutputRow(
        id=row.id,
        attempt_id=row.attempt_id,
        file_id=row.file_id,
        name=row.name,
        how=How(row.how),
        target=Path(unshown(row.target)),
        offset=row.offset_bytes,
        bytes=row.bytes,
        lines=row.lines,
        pieces=tuple((length, checksum) for length, checksum in json.loads(row.pieces)),
        is_published=row.is_published,
        replaced_by=row.replaced_by,
    )


def node_row(row: Any) -> NodeRow:
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


def letter_row(row: Any) -> LetterRow:
    """Make a dead letter of its row."""
    return LetterRow(row.id, row.file_id, row.attempt_id, row.number, row.node, row.code, mapping(row.letter))


def event_row(row: Any) -> EventRow:
    """Make an event of its row."""
    return EventRow(row.id, row.at, row.who, row.what, row.file_id, row.detail)


def mapping(text: str | bytes) -> dict[str, Any]:
    """Read a JSON object."""
    read: dict[str, Any] = json.loads(text)
    return read


def value(text: str | None) -> Any:
    """Read any JSON value; None for none."""
    return None if text is None else json.loads(text)


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(unshown(text))


def _wish(text: str | None) -> Wish | None:
    if text is None:
        return None
    fields = mapping(text)
    return Wish(**{**fields, "kind": Kind(fields["kind"])})

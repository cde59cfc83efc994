"""Traces in the catalog: the newest of them are kept, a row for each attempt."""

from __future__ import annotations

import orjson
from sqlalchemy import Connection, delete, select

from linemill.catalog.attempts import SLICE
from linemill.catalog.encoding import Row
from linemill.catalog.rows import TraceRow
from linemill.catalog.schema import file, trace
from linemill.executors.traces import read_traces
from linemill.files import unshown

MOST = 20_000
"""Rows that stay; of 2 kB each, these are 40 MB."""

LOOKED_AT = 10_000
"""Rows that are looked through for one page: 70 ms."""

CHUNK = 1_000
"""Rows that are fetched at a time where they are looked through."""


def traces(
    connection: Connection, file_id: int | None, node: str | None, line: int | None, before: int | None, limit: int
) -> tuple[list[TraceRow], int | None]:
    """List attempts with traced lines, the newest first.

    Args:
        connection: To the catalog.
        file_id: Only those at this file.
        node: Only lines that came to this node or output.
        line: Only lines of this number.
        before: Only attempts older than this one.
        limit: Rows at most.

    Returns:
        The rows, and the attempt that the list goes on after; None if it ends here.
    """
    query = select(trace, file.c.name).join(file, file.c.id == trace.c.file_id).order_by(trace.c.attempt_id.desc())
    if file_id is not None:
        query = query.where(trace.c.file_id == file_id)
    wanted = {key: value for key, value in (("place", node), ("number", line)) if value is not None}
    try:
        # As it stands in the JSON, where no text can say the same, for its quotation marks have backslashes: most rows need
        # not be read.
        marks = [orjson.dumps({key: value})[1:-1] + b"," for key, value in wanted.items()]
    except TypeError:  # too large, or no text that UTF-8 can say
        return [], None
    asked = CHUNK if marks else limit + 1
    found: list[TraceRow] = []
    for _ in range(LOOKED_AT // CHUNK):
        chunk = connection.execute((query if before is None else query.where(trace.c.attempt_id < before)).limit(asked)).all()
        for row in chunk:
            if len(found) == limit:
                return found, before
            before = row.attempt_id
            if all(mark in row.lines for mark in marks):
                of_row = _trace_row(row, node, line)
                if of_row.lines:
                    found.append(of_row)
        if len(chunk) < asked:
            return found, None
    return found, before


def thin_traces(connection: Connection) -> bool:
    """Remove some of the oldest of more than `MOST`; give whether there may be more."""
    newest = connection.scalar(select(trace.c.attempt_id).order_by(trace.c.attempt_id.desc()).offset(MOST).limit(1))
    if newest is None:
        return False
    oldest = select(trace.c.attempt_id).where(trace.c.attempt_id <= newest).order_by(trace.c.attempt_id).limit(SLICE)
    going = list(connection.scalars(oldest))
    connection.execute(delete(trace).where(trace.c.attempt_id.in_(going)))
    return len(going) == SLICE


def _trace_row(row: Row, node: str | None, line: int | None) -> TraceRow:
    lines = tuple(
        each
        for each in read_traces(row.lines)
        if line in (None, each.number) and (node is None or any(step.place == node for step in each.steps))
    )
    return TraceRow(row.attempt_id, row.file_id, unshown(row.name), lines)

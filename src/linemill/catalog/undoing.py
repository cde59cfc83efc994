"""A commit taken back, since what it had staged is gone before it was published. Part of a transaction that writes."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from linemill.catalog.attempts import still_ours
from linemill.catalog.records import AttemptState, FileState, How, Redo
from linemill.catalog.schema import attempt, dead_letter, file, growing, node_count, output, span, trace


def undo(connection: Connection, owner_id: str, redo: Redo, now: float) -> None:
    """Make the file of a committed attempt ready again, as if the attempt had never been.

    What later attempts have committed to the same growing outputs, and not published, moves up.
    """
    if redo.attempt_id not in still_ours(connection, owner_id, [redo.attempt_id], AttemptState.COMMITTED):
        return
    lost = connection.execute(select(output).where(output.c.attempt_id == redo.attempt_id)).all()
    for row in lost:
        if row.how == How.APPENDED:
            committed = select(attempt.c.id).where(attempt.c.state == AttemptState.COMMITTED)
            later = (
                output.c.target == row.target,
                output.c.attempt_id.in_(committed),
                output.c.offset_bytes > row.offset_bytes,
            )
            connection.execute(update(output).where(*later).values(offset_bytes=output.c.offset_bytes - row.bytes))
            shorter = {"bytes": growing.c.bytes - row.bytes, "lines": growing.c.lines - row.lines}
            connection.execute(update(growing).where(growing.c.target == row.target).values(shorter))
        else:
            # What it had taken the place of stands again, as far as the ledger goes.
            connection.execute(update(output).where(output.c.replaced_by == redo.attempt_id).values(replaced_by=None))
    for table in (output, node_count, dead_letter, span, trace):
        connection.execute(delete(table).where(table.c.attempt_id == redo.attempt_id))
    connection.execute(update(attempt).where(attempt.c.id == redo.attempt_id).values(state=AttemptState.TAKEN_BACK, ended_at=now))
    ready = {"state": FileState.READY, "since": now, "next_try_at": now}
    connection.execute(update(file).where(file.c.id == redo.file_id).values(ready))

"""Files are to be worked on again, on somebody's wish."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from linemill.catalog import events
from linemill.catalog.attempts import slices
from linemill.catalog.claiming import RESTING
from linemill.catalog.encoding import Row, wish_text
from linemill.catalog.records import FileState, Wish
from linemill.catalog.schema import file
from linemill.errors import UsageError


def wish(connection: Connection, file_ids: Sequence[int], wish: Wish, now: float) -> None:
    """Make files ready again, and note who wished it.

    Args:
        connection: A transaction that writes.
        file_ids: Their rows.
        wish: What is to be done.
        now: Seconds since 1970.

    Raises:
        UsageError: There is no such file, or one is being worked on.
    """
    values = {"state": FileState.READY, "since": now, "wish": wish_text(wish), "next_try_at": now, "tries": 0}
    # A statement for each file would hold up the mill: for half a minute, with 50,000 of them.
    for some in slices(list(dict.fromkeys(file_ids))):
        query = select(file.c.id, file.c.name, file.c.state).where(file.c.id.in_(some))
        found = {row.id: row for row in connection.execute(query)}
        for file_id in some:
            _hold_resting(file_id, found.get(file_id))
        connection.execute(update(file).where(file.c.id.in_(some)).values(values))
        events.note_each(connection, wish.who, wish.kind.value, {file_id: found[file_id].name for file_id in some}, now)


def _hold_resting(file_id: int, row: Row | None) -> None:
    if row is None:
        raise UsageError(f"the catalog has no file {file_id}", hint="`linemill files` lists them")
    if row.state not in RESTING:
        at_it = "is being worked on" if row.state == FileState.WORKING else "is being published"
        raise UsageError(f"the file {at_it}", row.name, "wait until it is done")

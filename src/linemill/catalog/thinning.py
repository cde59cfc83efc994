"""What is old or too much goes: files that are over, with all that is known of them, events, versions that nobody used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Connection, delete, func, select, tuple_

from linemill.catalog.attempts import SLICE
from linemill.catalog.database import Database
from linemill.catalog.encoding import Row, path_of
from linemill.catalog.records import FileState, How
from linemill.catalog.schema import attempt, event, file, growing, output, owner, version

OVER = (FileState.DONE, FileState.FAILED)


def thin(database: Database, before: float, most: int, keeps: Callable[[Path], bool]) -> Iterator[int]:
    """Remove files that are over: those from before a time, and the oldest of more than `most`; tell how many at each step.

    Args:
        database: Written to in one short transaction a step, so that nobody waits for long.
        before: Seconds since 1970.
        most: How many stay.
        keeps: Asked for the paths of a file; one that it keeps stays.
    """
    after: tuple[float, int] | None = None
    with database.reading() as connection:
        count = connection.scalar(select(func.count()).select_from(file).where(file.c.state.in_(OVER))) or 0
    too_many = count - most
    while True:
        with database.reading() as connection:
            rows = _oldest(connection, after)
        going = [row for index, row in enumerate(rows) if row.since < before or index < too_many]
        too_many -= len(rows)
        ids = [row.id for row in going if not any(path is not None and keeps(path) for path in map(path_of, row[2:]))]
        if ids:
            with database.writing() as connection:
                removed = _remove(connection, ids)
            yield removed
        if len(going) < SLICE:
            return
        after = (rows[-1].since, rows[-1].id)


def thin_events(connection: Connection, before: float, most: int) -> bool:
    """Remove some of the events from before a time, and of the oldest of more than `most`; give whether there may be more."""
    newest = connection.scalar(select(event.c.id).order_by(event.c.id.desc()).offset(most).limit(1)) or 0
    oldest = list(connection.execute(select(event.c.id, event.c.at).order_by(event.c.id).limit(SLICE)))
    going = [row.id for row in oldest if row.at < before or row.id <= newest]
    connection.execute(delete(event).where(event.c.id.in_(going)))
    return len(going) == SLICE


def thin_versions(connection: Connection, before: float) -> None:
    """Remove versions from before a time that no attempt was made with, and that no living process can have loaded."""
    began = connection.scalar(select(func.min(owner.c.began_at)))
    used = select(attempt.c.id).where(attempt.c.version_id == version.c.id).exists()
    oldest = before if began is None else min(before, began)
    connection.execute(delete(version).where(version.c.loaded_at < oldest, ~used))


def _oldest(connection: Connection, after: tuple[float, int] | None) -> list[Row]:
    """Give the next files that are over, the oldest first."""
    rows: list[Row] = []
    for state in OVER:  # each in the order of its index: both together would have to be sorted
        query = select(file.c.id, file.c.since, file.c.found, file.c.place).where(file.c.state == state)
        if after is not None:
            query = query.where(tuple_(file.c.since, file.c.id) > after)
        rows += connection.execute(query.order_by(file.c.since, file.c.id).limit(SLICE))
    return sorted(rows, key=lambda row: (row.since, row.id))[:SLICE]


def _remove(connection: Connection, file_ids: list[int]) -> int:
    """Remove files that are still over, with their attempts and all that belongs to these."""
    query = select(file.c.id).where(file.c.id.in_(file_ids), file.c.state.in_(OVER))
    still = list(connection.scalars(query.with_for_update()))
    targets = (
        select(output.c.target)
        .join(attempt, attempt.c.id == output.c.attempt_id)
        .where(attempt.c.file_id.in_(still), output.c.how == How.WHOLE)
    )
    # The end of a file of its own is counted anew, should it ever be added to. That of a growing one is all that is known of it.
    connection.execute(delete(growing).where(growing.c.target.in_(targets)))
    connection.execute(delete(file).where(file.c.id.in_(still)))
    return len(still)

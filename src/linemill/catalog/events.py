"""Events in the catalog: who did what, and asked for what."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, insert, select

from linemill.catalog.database import insertion, many
from linemill.catalog.decoding import event_row
from linemill.catalog.encoding import plain
from linemill.catalog.rows import EventRow
from linemill.catalog.schema import event


def note(connection: Connection, who: str, what: str, detail: str, now: float, file_id: int | None = None) -> None:
    """Write down that somebody did something, in the transaction in which it is done."""
    row = {"at": now, "who": plain(who), "what": what, "file_id": file_id, "detail": plain(detail)}
    connection.execute(insert(event), row)


def note_each(connection: Connection, who: str, what: str, details: Mapping[int, str], now: float) -> None:
    """Write down that somebody did the same to some files, by their rows."""
    same = {"at": now, "who": plain(who), "what": what}
    many(connection, insertion(event), [{**same, "file_id": file_id, "detail": plain(text)} for file_id, text in details.items()])


def newest(connection: Connection, file_id: int | None, before: int | None, limit: int) -> list[EventRow]:
    """List events, of a file if one is given, the newest first; only those older than a row, if one is given."""
    query = select(event).order_by(event.c.id.desc()).limit(limit)
    if file_id is not None:
        query = query.where(event.c.file_id == file_id)
    return list(map(event_row, connection.execute(query if before is None else query.where(event.c.id < before))))

"""Lists of files, cut by the key that they are sorted by: a page of a million files takes as long as one of a thousand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, or_, select

from linemill.catalog.decoding import file_row
from linemill.catalog.encoding import Row
from linemill.catalog.filtering import filters_of
from linemill.catalog.records import FileState
from linemill.catalog.rows import FileRow
from linemill.catalog.schema import file
from linemill.files import unshown

SORTS: dict[str, Column[Any]] = {"since": file.c.since, "name": file.c.name, "id": file.c.id}
"""What files can be sorted by: what has an index."""

CHUNK = 1_000
"""Rows that are fetched at a time where names are compared here."""

CHUNKS = 20
"""As many are looked through for one page: 0.05 s."""

LOOKS = 100_000
"""Rows that the database looks at one by one for one page, where no index answers: 0.03 s."""


def files(
    connection: Connection, state: FileState | None, name_like: str | None, sort: str, place: Sequence[Any] | None, limit: int
) -> tuple[list[FileRow], tuple[Any, ...] | None]:
    """List files.

    Args:
        connection: To the catalog.
        state: Only those in this state.
        name_like: Only those of this name, or pattern.
        sort: One of `SORTS`; with `-` in front the last comes first.
        place: The key and the row after which the list goes on; None for its beginning.
        limit: Rows at most.

    Returns:
        The rows, and the key and the row after which the list goes on; None if it ends with them.
    """
    key = SORTS[sort.removeprefix("-")]
    is_down = sort.startswith("-")
    order = [column.desc() if is_down else column for column in (key, file.c.id)]
    by_index, by_row, fits = filters_of(connection, state, name_like, sort.removeprefix("-"))
    filters, end = [*by_index, *by_row], None
    if by_row:
        last = select(key.label("key"), file.c.id).where(*by_index, *_beyond(key, place, is_down)).order_by(*order)
        row = connection.execute(last.offset(LOOKS - 1).limit(1)).one_or_none()
        if row is not None:
            end = _place(row)
            filters += _up_to(key, end, is_down)

    def page(query: Select[Any], limit: int) -> Sequence[Row]:
        return connection.execute(query.where(*filters, *_beyond(key, place, is_down)).order_by(*order).limit(limit)).all()

    if fits is None:
        rows = page(select(file, key.label("key")), limit + 1)
        return list(map(file_row, rows[:limit])), _place(rows[limit - 1]) if len(rows) > limit else end

    found: list[Row] = []
    for asked in (limit + 1, *[CHUNK] * CHUNKS):
        chunk = page(select(file.c.id, file.c.name, key.label("key")), asked)
        found += [row for row in chunk if fits(unshown(row.name))]
        if len(found) > limit or len(chunk) < asked:
            break
        place = _place(chunk[-1])
    kept = found[:limit]
    by_id = {row.id: row for row in connection.execute(select(file).where(file.c.id.in_([row.id for row in kept])))}
    rows_found = [file_row(by_id[row.id]) for row in kept]
    if len(found) > limit:
        return rows_found, _place(kept[-1])
    return rows_found, end if len(chunk) < asked else _place(chunk[-1])


def _place(row: Row) -> tuple[Any, ...]:
    return row.key, row.id


def _beyond(key: Column[Any], place: Sequence[Any] | None, is_down: bool) -> list[ColumnElement[bool]]:
    """Say that rows come after a place, so that the first half of it alone bounds the index."""
    if place is None:
        return []
    value, last_id = place
    if is_down:
        return [key <= value, or_(key < value, file.c.id < last_id)]
    return [key >= value, or_(key > value, file.c.id > last_id)]


def _up_to(key: Column[Any], end: Sequence[Any], is_down: bool) -> list[ColumnElement[bool]]:
    """Say that rows come before a place, or are there, in the same manner."""
    value, last_id = end
    if is_down:
        return [key >= value, or_(key > value, file.c.id >= last_id)]
    return [key <= value, or_(key < value, file.c.id <= last_id)]

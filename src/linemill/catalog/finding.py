"""Files are found by what somebody types."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from linemill.catalog.decoding import file_row
from linemill.catalog.encoding import plain
from linemill.catalog.rows import FileRow
from linemill.catalog.schema import file
from linemill.files import shown

_T = file.c


def find(connection: Connection, text: str, limit: int) -> list[FileRow]:
    """Find files by an id, a name, a name of an output, a path; as it is or as it is shown.

    Returns:
        The one with the id first, then the newest first.
    """
    found: dict[int, FileRow] = {}
    if text.isascii() and text.isdigit() and len(text) < 19:
        found |= _by_id(connection, _T.id == int(text), limit)
    named: dict[int, FileRow] = {}
    for condition in _named(text):  # one by one: an OR over two indices is more than some planners take
        named |= _by_id(connection, condition, limit)
    newest = sorted(named.values(), key=lambda row: row.id, reverse=True)
    return list((found | {row.id: row for row in newest}).values())[:limit]


def _named(text: str) -> list[ColumnElement[bool]]:
    """Say which files are meant by a name, or by a path: by its last part, which has an index, and then by the whole."""
    if os.sep not in text:
        names = list(dict.fromkeys([shown(text), plain(text)]))
        return [_T.name.in_(names), _T.life_name.in_(names)]
    path = Path(text)
    places = [shown(Path.cwd() / path), str(Path.cwd() / path), shown(path.resolve())]
    last = [shown(path.name), path.name]
    is_there = or_(_T.found.in_(places), _T.place.in_(places))
    return [and_(either.in_(last), is_there) for either in (_T.name, _T.life_name)]


def _by_id(connection: Connection, condition: ColumnElement[bool], limit: int) -> dict[int, FileRow]:
    rows = connection.execute(select(file).where(condition).order_by(_T.id.desc()).limit(limit))
    return {row.id: file_row(row) for row in rows}

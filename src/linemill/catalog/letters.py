"""Dead letters in the catalog: one by one, and counted by node and code. Where they are written is `committing`."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator

from sqlalchemy import Column, ColumnElement, Connection, func, select

from linemill.catalog.decoding import letter_row
from linemill.catalog.encoding import plain
from linemill.catalog.rows import LetterGroup, LetterRow
from linemill.catalog.schema import attempt, dead_letter

_T = dead_letter.c


def newest(
    connection: Connection, file_id: int | None, node: str | None, code: str | None, before: int | None, limit: int
) -> list[LetterRow]:
    """List dead letters of a file, a node and a code, as far as they are given, the newest first."""
    if file_id is not None:
        # A file has few: the index of nodes, which looks better to a database that has counted nothing, is kept out.
        return _newest(
            connection, [_T.file_id == file_id, *_are(_T.node.concat(""), node), *_are(_T.code.concat(""), code)], before, limit
        )
    if node is None and code is None:
        return _newest(connection, [], before, limit)
    # Group by group, each by its index, and then put together.
    groups = [
        _newest(connection, [_T.node == a_node, _T.code == a_code], before, limit)
        for a_node, a_code in kinds(connection)
        if node in (None, a_node) and code in (None, a_code)
    ]
    return list(heapq.merge(*groups, key=lambda row: -row.id))[:limit]


def of_lines(connection: Connection, attempt_ids: Collection[int], numbers: Collection[int], limit: int) -> list[LetterRow]:
    """List the dead letters that attempts left of the lines of these numbers, in the order in which they were left."""
    query = select(dead_letter).where(_T.attempt_id.in_(attempt_ids), _T.number.in_(numbers)).order_by(_T.id).limit(limit)
    return list(map(letter_row, connection.execute(query)))


def of_file(connection: Connection, file_id: int, number: int | None, limit: int) -> list[LetterRow]:
    """List dead letters of a file, or of one of its lines, those of the newest attempt first and by line."""
    query = select(dead_letter).where(_T.file_id == file_id, *([] if number is None else [_T.number == number]))
    ordered = query.order_by(_T.attempt_id.desc(), _T.number, _T.id).limit(limit)
    return list(map(letter_row, connection.execute(ordered)))


def kinds(connection: Connection) -> Iterator[tuple[str, str]]:
    """Give every pair of node and code that has letters: a step in the index for each, however many letters there are."""
    query = select(_T.node, _T.code).order_by(_T.node, _T.code).limit(1)
    row = connection.execute(query).one_or_none()
    while row is not None:
        node, code = row
        yield node, code
        row = connection.execute(query.where(_T.node == node, _T.code > code)).one_or_none()
        if row is None:
            row = connection.execute(query.where(_T.node > node)).one_or_none()


def grouped(connection: Connection) -> list[LetterGroup]:
    """Count dead letters by node and code, the most frequent first, with the newest of each."""
    count, last = func.count().label("count"), func.max(_T.id).label("newest")
    groups = select(_T.node, _T.code, count, last).group_by(_T.node, _T.code).subquery()
    query = (
        select(groups.c.count, dead_letter, attempt.c.ended_at, attempt.c.began_at)
        .join(dead_letter, _T.id == groups.c.newest)
        .join(attempt, attempt.c.id == _T.attempt_id)
        .order_by(groups.c.count.desc(), _T.node, _T.code)
    )
    return [
        LetterGroup(row.node, row.code, row[0], letter_row(row), row.began_at if row.ended_at is None else row.ended_at)
        for row in connection.execute(query)
    ]


def files(connection: Connection, node: str | None, code: str | None) -> list[int]:
    """List the files that have dead letters of a node and a code, each once."""
    query = select(_T.file_id).where(*_are(_T.node, node), *_are(_T.code, code)).distinct().order_by(_T.file_id)
    return list(connection.scalars(query))


def _newest(connection: Connection, where: list[ColumnElement[bool]], before: int | None, limit: int) -> list[LetterRow]:
    older = where if before is None else [*where, _T.id < before]
    query = select(dead_letter).where(*older).order_by(_T.id.desc()).limit(limit)
    return list(map(letter_row, connection.execute(query)))


def _are(column: Column[str] | ColumnElement[str], wanted: str | None) -> list[ColumnElement[bool]]:
    """Ask for a value, if one is given: what nobody could store in the form in which it would have been."""
    return [] if wanted is None else [column == plain(wanted)]

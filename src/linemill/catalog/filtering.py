"""Filters of a list of files, written so that the database goes through the right index."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, select

from linemill.catalog.records import FileState
from linemill.catalog.schema import file
from linemill.files import shown, unshown

FEW = 5_000
"""As many rows as are sorted at once without being felt (30 ms). A filter that more pass is looked at row by row instead, in the
order asked for: enough of them come soon."""

WILD = "*?["
"""Characters that make a name a pattern."""


class Filters(NamedTuple):
    """The conditions of a list of files.

    Attributes:
        by_index: Those that an index answers, or that few rows pass.
        by_row: Those for which row after row is looked at.
        fits: The comparison that is left for the names of rows that pass them; None for none.
    """

    by_index: list[ColumnElement[bool]]
    by_row: list[ColumnElement[bool]]
    fits: Callable[[str], bool] | None


def filters_of(connection: Connection, state: FileState | None, name_like: str | None, sorted_by: str) -> Filters:
    """Write the conditions of a list of files.

    Databases guess how many rows pass a filter; SQLite, which has counted nothing, guesses few. So we count, up to `FEW`.
    Of a filter that more rows pass, an index is worth nothing: `column || ''` has none.
    """
    by_index: list[ColumnElement[bool]] = []
    by_row: list[ColumnElement[bool]] = []
    is_narrow = False
    fits = comparison(name_like)
    if name_like is not None:
        named = _named(file.c.name, name_like)
        few = _few(connection, named) if sorted_by != "name" else None
        if few is not None:
            # The rows themselves, and not the condition again: that takes 0.07 s for a million names, where it must look at all.
            is_narrow = True
            by_index.append(file.c.id.in_([id_ for id_, name in few if not fits or fits(unshown(name))]))
            fits = None
        elif sorted_by == "name":
            by_index.append(named)  # it also says where in the index to begin and to end
        else:
            by_row.append(_named(file.c.name.concat(""), name_like))
    if state is not None:
        is_state = file.c.state == state.value
        goes_by_index = not is_narrow and (sorted_by == "since" or _are_few(connection, is_state))
        if goes_by_index:
            by_index.append(is_state)
        else:
            by_row.append(file.c.state.concat("") == state.value)
    return Filters(by_index, by_row, fits)


def comparison(name_like: str | None) -> Callable[[str], bool] | None:
    """Make the comparison with a pattern, on which databases do not agree; None where there is nothing left to compare."""
    if name_like is None or not _is_wild(name_like):
        return None
    return lambda name: name == name_like or fnmatch.fnmatchcase(name, name_like)


def _named(name: ColumnElement[str], name_like: str) -> ColumnElement[bool]:
    """Say that a name fits a pattern, as far as all databases can tell it: what `comparison` lets pass passes here, too."""
    if not _is_wild(name_like):
        return name == shown(name_like)
    literal, *others = re.split(r"\*|\?|\[.*?\]|\[", name_like)
    # A character may be kept as several, so that each wild one stands for any number of them. What LIKE takes for wild stays so,
    # and a backslash, by which some databases escape, becomes it: with ESCAPE, a million names take 160 ms in place of 85.
    condition = name.like("%".join(shown(part).replace("\\", "_") for part in (literal, *others)))
    if not literal:
        return condition
    first = shown(literal)
    return and_(name >= first, name < first[:-1] + chr(ord(first[-1]) + 1), condition)


def _is_wild(name_like: str) -> bool:
    return any(character in name_like for character in WILD)


def _few(connection: Connection, condition: ColumnElement[bool]) -> list[tuple[int, str]] | None:
    """Give the rows that pass a condition on the name, and their names; None if they are many."""
    found = [(row.id, row.name) for row in connection.execute(select(file.c.id, file.c.name).where(condition).limit(FEW + 1))]
    return found if len(found) <= FEW else None


def _are_few(connection: Connection, condition: ColumnElement[bool]) -> bool:
    found = select(file.c.id).where(condition).limit(FEW + 1).subquery()
    return connection.execute(select(func.count()).select_from(found)).scalar_one() <= FEW

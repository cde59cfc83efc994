"""Files become ours to work on. Each function is part of a transaction that writes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, func, select, update

from linemill.catalog.attempts import By, NewFile, first_attempts, further_attempts, published_before, slices
from linemill.catalog.encoding import Row, bounded, path_of
from linemill.catalog.records import Arrived, Claim, FileState, Origin
from linemill.catalog.schema import file
from linemill.files import shown, unshown
from linemill.files.names import LONGEST_NAME_BYTES, LONGEST_SUFFIX_BYTES

RESTING = frozenset({FileState.READY, FileState.DONE, FileState.FAILED})
"""States in which nobody works on a file."""


def life_name(name: str, number: int) -> str:
    """Name the outputs and the place of the `number`th file of this name: `a.txt`, `a~2.txt`, and so on."""
    if number == 1:
        return name
    path = Path(name)
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= LONGEST_SUFFIX_BYTES else ""
    stem, mark = name[: len(name) - len(suffix)], f"~{number}"
    while len(os.fsencode(stem + mark + suffix)) > LONGEST_NAME_BYTES:
        stem = stem[:-1]
    return stem + mark + suffix


def claim_arrived(
    connection: Connection, by: By, arrived: Sequence[Arrived], place_in: Path | None, is_taken: Callable[[str], bool]
) -> list[Claim]:
    """Make a row and its first attempt for each file that arrived in a watched folder."""
    names = _free_names(connection, arrived, is_taken)
    new = [
        NewFile(each, Origin.INBOX, number, name, each.path if place_in is None else Path(os.path.join(place_in, name)))
        for each, (number, name) in zip(arrived, names, strict=True)
    ]
    return first_attempts(connection, by, new)


def claim_given(connection: Connection, by: By, arrived: Sequence[Arrived]) -> list[Claim]:
    """Make an attempt for each file that was named: at the row it has already, if it has not changed since, else at a new one."""
    known = _last_given(connection, arrived)
    again: dict[int, Row] = {}
    for index, each in enumerate(arrived):
        row = known.pop(shown(each.path), None) if each.path is not None else None
        if row is not None and row.state in RESTING and _is_same(row, each):
            again[index] = row
    fresh = [each for index, each in enumerate(arrived) if index not in again]
    numbers = _last_numbers(connection, Origin.GIVEN, fresh)
    new = []
    for each in fresh:
        numbers[each.name] += 1
        new.append(NewFile(each, Origin.GIVEN, numbers[each.name], each.name, each.path))
    made = iter(first_attempts(connection, by, new))
    if again:
        connection.execute(update(file).where(file.c.id.in_([row.id for row in again.values()])).values(tries=0))
    further = iter(further_attempts(connection, by, [row.id for row in again.values()]))
    return [next(further if index in again else made) for index in range(len(arrived))]


def is_done(connection: Connection, arrived: Arrived) -> bool:
    """Tell whether a file that was named has been published, and has not changed since."""
    row = _last_given(connection, [arrived]).get(shown(arrived.path)) if arrived.path is not None else None
    if row is None or not _is_same(row, arrived):
        return False
    return bool(published_before(connection, [row.id]))


def known_in(connection: Connection, folder: Path, names: Collection[str]) -> dict[str, tuple[int, int]]:
    """Give the size and the time of change, when they were last claimed, of these files that stay in a watched folder."""
    known: dict[str, tuple[int, int]] = {}
    for some in slices(sorted(map(shown, names))):
        stays = select(file.c.name, file.c.size, file.c.mtime_ns).where(
            file.c.origin == Origin.INBOX,
            file.c.name.in_(some),
            file.c.place == file.c.found,
            file.c.found.startswith(f"{shown(folder)}/", autoescape=True),
        )
        known |= {unshown(row.name): (row.size, row.mtime_ns) for row in connection.execute(stays.order_by(file.c.id))}
    return known


def whose(connection: Connection, name: str) -> tuple[FileState | None, Path | None]:
    """Tell the state and the place of the newest file from the inbox with a life name; None for none."""
    named = select(file.c.origin, file.c.state, file.c.place).where(file.c.life_name == shown(name)).order_by(file.c.id.desc())
    for row in connection.execute(named):
        if row.origin == Origin.INBOX:
            return FileState(row.state), path_of(row.place)
    return None, None


def take(connection: Connection, by: By, limit: int, origin: Origin | None, only: Collection[int] | None) -> list[Claim]:
    """Make an attempt for each file whose time has come, the longest waiting first."""
    query = select(file.c.id).where(file.c.state == FileState.READY, file.c.next_try_at <= by.now)
    if origin is not None:
        query = query.where(file.c.origin == origin)
    query = query.order_by(file.c.next_try_at, file.c.id)
    if only is None:
        ids = list(connection.scalars(query.limit(limit)))
    else:
        ids = []
        for some in slices(sorted(only)):
            if len(ids) < limit:
                ids += connection.scalars(query.where(file.c.id.in_(some)).limit(limit - len(ids)))
    return further_attempts(connection, by, ids)


def _free_names(connection: Connection, arrived: Sequence[Arrived], is_taken: Callable[[str], bool]) -> list[tuple[int, str]]:
    """Choose a number and a life name for each, so that no two lives in the catalog have the same, nor anything on the disk."""
    numbers = _last_numbers(connection, Origin.INBOX, arrived)
    taken: set[str] = set()
    asked: set[str] = set()
    while True:
        chosen = _chosen(arrived, numbers, taken, is_taken)
        fresh = [name for _, name in chosen if name not in asked]
        # Not asked for by origin: without statistics SQLite would go through all files from the inbox.
        of_others = select(file.c.origin, file.c.life_name).where(file.c.life_name.in_(map(shown, fresh))).distinct()
        found = {row.life_name for row in connection.execute(of_others) if row.origin == Origin.INBOX}
        if not found:
            return chosen
        asked.update(fresh)
        taken.update(name for name in fresh if shown(name) in found)


def _chosen(
    arrived: Sequence[Arrived], numbers: Mapping[str, int], taken: Collection[str], is_taken: Callable[[str], bool]
) -> list[tuple[int, str]]:
    chosen: list[tuple[int, str]] = []
    last = defaultdict(int, numbers)
    used = set(taken)
    for each in arrived:
        while True:
            last[each.name] += 1
            name = life_name(each.name, last[each.name])
            if name not in used and not is_taken(name):
                break
        used.add(name)
        chosen.append((last[each.name], name))
    return chosen


def _last_numbers(connection: Connection, origin: Origin, arrived: Iterable[Arrived]) -> defaultdict[str, int]:
    names = {shown(each.name): each.name for each in arrived}
    query = (
        select(file.c.name, func.max(file.c.number).label("number"))
        .where(file.c.origin == origin, file.c.name.in_(names))
        .group_by(file.c.name)
    )
    return defaultdict(int, {names[row.name]: row.number for row in connection.execute(query)})


def _last_given(connection: Connection, arrived: Iterable[Arrived]) -> dict[str, Row]:
    """Give the last row of each path, by the path as it is shown."""
    named = [(shown(each.name), shown(each.path)) for each in arrived if each.path is not None]
    if not named:
        return {}
    last = (
        select(func.max(file.c.id))
        .where(
            file.c.origin == Origin.GIVEN,
            file.c.name.in_({name for name, _ in named}),
            file.c.found.in_({found for _, found in named}),
        )
        .group_by(file.c.found)
    )
    return {row.found: row for row in connection.execute(select(file).where(file.c.id.in_(last)))}


def _is_same(row: Row, arrived: Arrived) -> bool:
    return arrived.size >= 0 and (row.size, row.mtime_ns) == (arrived.size, bounded(arrived.mtime_ns))

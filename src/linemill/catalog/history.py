"""Reading the catalog: lists with filters and a cursor, and what became of one file. Writes nothing.

Every list is cut by the key it is sorted by, and every filter goes through an index where few rows pass it: a page of a
million files takes as long as one of a thousand. `filtering` sees to the latter, `decoding` makes values of rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import func, select

from linemill.catalog import (
    decoding,
    events,
    finding,
    letters,
    listing,
    now,
    opening,
    owners,
    periods,
    schema,
    tokens,
    tracing,
    versions,
)
from linemill.catalog.claiming import known_in
from linemill.catalog.cursors import read_cursor, written_cursor
from linemill.catalog.database import Database
from linemill.catalog.listing import SORTS
from linemill.catalog.now import Now, Standing
from linemill.catalog.periods import PeriodRow
from linemill.catalog.records import AttemptState, FileState, Owner
from linemill.catalog.rows import (
    AttemptRow,
    EventRow,
    FileRow,
    LetterGroup,
    LetterRow,
    NodeRow,
    OutputRow,
    Page,
    TraceRow,
    VersionRow,
)
from linemill.errors import UsageError
from linemill.files import unshown

T = TypeVar("T")

CHUNK = 1_000
"""Rows of a list that nobody reads as a whole."""


class History:
    """The reading half of the catalog; may be used from any thread.

    Args:
        database: The catalog's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, folder: Path) -> History | None:
        """Open the catalog of a state folder; None if there is none yet.

        Raises:
            WorldError: It cannot be used, or is none of ours.
        """
        return cls(opening.open_database(folder, time.time())) if (folder / opening.NAME).exists() else None

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def owners(self) -> list[Owner]:
        """List the living processes that work on the catalog, the oldest first."""
        with self._database.reading() as connection:
            return owners.living(connection, self._database.path.parent)

    def files(
        self,
        *,
        state: FileState | None = None,
        name_like: str | None = None,
        sort: str = "-since",
        after: str | None = None,
        limit: int = 100,
    ) -> Page[FileRow]:
        """List files.

        Args:
            state: Only those in this state.
            name_like: Only those of this name, or pattern (`*`, `?`, `[ab]`).
            sort: `since`, `name` or `id`; with `-` in front the last comes first.
            after: The `after` of the page before.
            limit: Rows at most. With a filter there may be fewer, or none, although another page follows: no more files are
                looked at for one page than can be in a moment.

        Raises:
            UsageError: The sort or the cursor is none of ours.
        """
        by = sort.removeprefix("-")
        if by not in SORTS:
            raise UsageError(
                f"files cannot be sorted by {sort!r}", hint=f"there are: {', '.join(SORTS)}, each also with - in front"
            )
        name = f"files by {sort}"
        place = read_cursor(after, name, SORTS[by].type.python_type, int)
        with self._database.reading() as connection:
            rows, goes_on_after = listing.files(connection, state, name_like, sort, place, limit)
        return Page(tuple(rows), None if goes_on_after is None else written_cursor(name, *goes_on_after))

    def file(self, file_id: int) -> FileRow | None:
        """Give one file."""
        with self._database.reading() as connection:
            row = connection.execute(select(schema.file).where(schema.file.c.id == file_id)).one_or_none()
        return decoding.file_row(row) if row is not None else None

    def files_by_id(self, ids: Sequence[int]) -> list[FileRow]:
        """Give some files, as far as they are there, by their rows."""
        found: list[FileRow] = []
        with self._database.reading() as connection:
            for first in range(0, len(ids), CHUNK):
                query = select(schema.file).where(schema.file.c.id.in_(ids[first : first + CHUNK])).order_by(schema.file.c.id)
                found += map(decoding.file_row, connection.execute(query))
        return found

    def find(self, text: str, limit: int = 100) -> list[FileRow]:
        """Find files by what somebody types: an id, a name, a name of an output, a path; as it is or as it is shown.

        Returns:
            The one with the id first, then the newest first.
        """
        with self._database.reading() as connection:
            return finding.find(connection, text, limit)

    def known_in(self, folder: Path, names: Collection[str]) -> dict[str, tuple[int, int]]:
        """Give the size and the time of change, when they were last claimed, of these files that stay in a watched folder."""
        with self._database.reading() as connection:
            return known_in(connection, folder, names)

    def file_names(self, file_ids: Collection[int]) -> dict[int, str]:
        """Give the names of files, as they came, by their rows."""
        table = schema.file.c
        with self._database.reading() as connection:
            rows = connection.execute(select(table.id, table.name).where(table.id.in_(file_ids))).all()
        return {row.id: unshown(row.name) for row in rows}

    def attempts_by_id(self, ids: Collection[int]) -> dict[int, AttemptRow]:
        """Give some attempts, of any files, by their rows: the last ones of a page of files, say."""
        with self._database.reading() as connection:
            rows = connection.execute(select(schema.attempt).where(schema.attempt.c.id.in_(ids))).all()
        return {row.id: decoding.attempt_row(row) for row in rows}

    def attempts(self, file_id: int) -> list[AttemptRow]:
        """List the attempts of a file, the first one first."""
        table = schema.attempt.c
        with self._database.reading() as connection:
            rows = connection.execute(select(schema.attempt).where(table.file_id == file_id).order_by(table.number)).all()
        return [decoding.attempt_row(row) for row in rows]

    def published_attempts(self, after_id: int = 0, limit: int = CHUNK) -> list[AttemptRow]:
        """List the attempts that came to something, of all files, by their rows."""
        table = schema.attempt.c
        query = select(schema.attempt).where(table.state == AttemptState.PUBLISHED.value, table.id > after_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(table.id).limit(limit)).all()
        return [decoding.attempt_row(row) for row in rows]

    def outputs(self, *, file_id: int | None = None, attempt_id: int | None = None) -> list[OutputRow]:
        """List the outputs of a file or of one attempt, in the order in which they were committed."""
        where = schema.attempt.c.file_id == file_id if attempt_id is None else schema.output.c.attempt_id == attempt_id
        with self._database.reading() as connection:
            rows = connection.execute(_OUTPUTS.where(where).order_by(schema.output.c.id)).all()
        return [decoding.output_row(row) for row in rows]

    def output(self, output_id: int) -> OutputRow | None:
        """Give one output."""
        with self._database.reading() as connection:
            row = connection.execute(_OUTPUTS.where(schema.output.c.id == output_id)).one_or_none()
        return decoding.output_row(row) if row is not None else None

    def targets(self, after: str = "", limit: int = CHUNK) -> list[str]:
        """List the targets that something was published to, each once, as they are shown and in their order."""
        table = schema.output.c
        query = select(table.target).where(table.target > after).distinct().order_by(table.target).limit(limit)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def outputs_at(self, target: str) -> list[OutputRow]:
        """List all outputs that went to a target, given as it is shown, in the order in which they were committed."""
        with self._database.reading() as connection:
            rows = connection.execute(_OUTPUTS.where(schema.output.c.target == target).order_by(schema.output.c.id)).all()
        return [decoding.output_row(row) for row in rows]

    def node_counts(self, attempt_ids: Collection[int]) -> dict[int, list[NodeRow]]:
        """List what each node did in some attempts, in topological order, by attempt."""
        table = schema.node_count.c
        query = select(schema.node_count).where(table.attempt_id.in_(attempt_ids)).order_by(table.attempt_id, table.position)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        found: dict[int, list[NodeRow]] = {}
        for row in rows:
            found.setdefault(row.attempt_id, []).append(decoding.node_row(row))
        return found

    def letters(
        self,
        *,
        file_id: int | None = None,
        node: str | None = None,
        code: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[LetterRow]:
        """List dead letters, the newest first.

        Args:
            file_id: Only those of this file.
            node: Only those of this node.
            code: Only those with this code.
            after: The `after` of the page before.
            limit: Rows at most.

        Raises:
            UsageError: The cursor is none of ours.
        """
        place = read_cursor(after, "letters", int)
        with self._database.reading() as connection:
            found = letters.newest(connection, file_id, node, code, place[0] if place else None, limit + 1)
        return _page(found, limit, "letters")

    def letters_of_lines(self, attempt_ids: Collection[int], numbers: Collection[int], limit: int = CHUNK) -> list[LetterRow]:
        """List the dead letters that attempts left of the lines of these numbers, in the order in which they were left."""
        with self._database.reading() as connection:
            return letters.of_lines(connection, attempt_ids, numbers, limit)

    def letters_of_file(self, file_id: int, number: int | None = None, limit: int = CHUNK) -> list[LetterRow]:
        """List dead letters of a file, or of one of its lines, those of the newest attempt first and by line."""
        with self._database.reading() as connection:
            return letters.of_file(connection, file_id, number, limit)

    def letter_kinds(self) -> list[tuple[str, str]]:
        """List every pair of node and code that has dead letters."""
        with self._database.reading() as connection:
            return list(letters.kinds(connection))

    def letters_grouped(self) -> list[LetterGroup]:
        """Count dead letters by node and code, the most frequent first, with the newest of each."""
        with self._database.reading() as connection:
            return letters.grouped(connection)

    def letter_files(self, node: str | None = None, code: str | None = None) -> list[int]:
        """List the files that have dead letters of a node and a code, each once."""
        with self._database.reading() as connection:
            return letters.files(connection, node, code)

    def traces(
        self,
        *,
        file_id: int | None = None,
        node: str | None = None,
        line: int | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[TraceRow]:
        """List traced lines, those of the newest attempts first.

        Args:
            file_id: Only those of this file.
            node: Only lines that came to this node or output.
            line: Only lines of this number.
            after: The `after` of the page before.
            limit: Attempts at most. With a node or a line there may be fewer, although another page follows: no more rows
                are looked through for one page than can be in a moment.

        Raises:
            UsageError: The cursor is none of ours.
        """
        place = read_cursor(after, "traces", int)
        with self._database.reading() as connection:
            rows, before = tracing.traces(connection, file_id, node, line, place[0] if place else None, limit)
        return Page(tuple(rows), None if before is None else written_cursor("traces", before))

    def events(self, *, file_id: int | None = None, after: str | None = None, limit: int = 100) -> Page[EventRow]:
        """List what was done and asked for, the newest first.

        Args:
            file_id: Only what is about this file.
            after: The `after` of the page before.
            limit: Rows at most.

        Raises:
            UsageError: The cursor is none of ours.
        """
        place = read_cursor(after, "events", int)
        with self._database.reading() as connection:
            found = events.newest(connection, file_id, place[0] if place else None, limit + 1)
        return _page(found, limit, "events")

    def totals(self) -> dict[FileState, int]:
        """Count the files in each state that has any."""
        table = schema.file.c
        with self._database.reading() as connection:
            rows = connection.execute(select(table.state, func.count()).group_by(table.state)).all()
        return {FileState(state): count for state, count in rows}

    def now(self, limit: int = 10_000) -> Now:
        """Give what goes on, all of one moment; files of a state are counted up to a limit."""
        with self._database.reading() as connection:
            return now.now(connection, self._database.path.parent, limit)

    def standing(self) -> Standing:
        """Tell who works on the catalog, and what they have said; of one moment."""
        with self._database.reading() as connection:
            return now.standing(connection, self._database.path.parent)

    def periods(self, seconds: int, since: float) -> list[PeriodRow]:
        """List the periods of a length that something was done in, from a time on, the oldest first."""
        with self._database.reading() as connection:
            return periods.read(connection, seconds, since)

    def versions(self, *, after: str | None = None, limit: int = 100) -> Page[VersionRow]:
        """List the versions of the pipeline, the newest first.

        Raises:
            UsageError: The cursor is none of ours.
        """
        place = read_cursor(after, "versions", int)
        with self._database.reading() as connection:
            found = versions.newest(connection, place[0] if place else None, limit + 1)
        return _page(found, limit, "versions")

    def version(self, version_id: int) -> VersionRow | None:
        """Give one version of the pipeline."""
        with self._database.reading() as connection:
            return versions.one(connection, version_id)

    def version_before(self, version_id: int) -> VersionRow | None:
        """Give the version that was new before this one was."""
        with self._database.reading() as connection:
            return next(iter(versions.newest(connection, version_id, 1)), None)

    def current_version(self) -> VersionRow | None:
        """Give the version of the pipeline that was loaded last; None if none ever was."""
        with self._database.reading() as connection:
            return versions.current(connection)

    def version_of(self, text: str, sources: Mapping[str, str]) -> int | None:
        """Give the row of the version that says this; None if no mill has loaded it."""
        with self._database.reading() as connection:
            return versions.with_digest(connection, versions.digest_of(text, sources))

    def version_text(self, version_id: int) -> tuple[str, dict[str, str]] | None:
        """Give the pipeline file of a version, and its modules by path; None if it is unknown."""
        with self._database.reading() as connection:
            return versions.text(connection, version_id)

    def tokens(self) -> list[tokens.Token]:
        """List all tokens that were ever made, the first one first."""
        with self._database.reading() as connection:
            return tokens.listed(connection)

    def control(self, name: str) -> Any:
        """Give a control value, as JSON has it; None if it is not set."""
        with self._database.reading() as connection:
            value = connection.execute(select(schema.control.c.value).where(schema.control.c.name == name)).scalar_one_or_none()
        return decoding.value(value)


_OUTPUTS = select(schema.output, schema.attempt.c.file_id).join(schema.attempt, schema.attempt.c.id == schema.output.c.attempt_id)


def _id(row: Any) -> tuple[int]:
    return (row.id,)


def _page(rows: list[T], limit: int, name: str, place: Callable[[T], tuple[Any, ...]] = _id) -> Page[T]:
    kept = tuple(rows[:limit])
    return Page(kept, written_cursor(name, *place(kept[-1])) if len(rows) > limit and kept else None)

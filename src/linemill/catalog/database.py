"""The database: its connections, transactions that never wait for each other in a circle, and what it says no to."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Table, Update, create_engine, event, func, insert, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.compiler import SQLCompiler

from linemill.errors import WorldError
from linemill.files import shown

LONGEST_WAIT_S = 30
"""How long a transaction waits for that of another process."""

FEW_ROWS = 8
"""Below so many rows, SQLAlchemy's own way, which compiles a statement only once, is as quick."""

WAL_BYTES = 64 * 2**20
"""What is left of the write-ahead log after a large transaction. One that is longer is begun anew."""

ANEW_EVERY_S = 60.0
ANEW_WAIT_S = 5.0
"""How often that is tried, and how long it waits for those who read; so long nobody writes."""


class Database:
    """One SQLite file, used from any thread.

    Args:
        path: The file; made by the first transaction.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # A path in a URL would have to be quoted; bytes that are not UTF-8 cannot be.
        self._engine = create_engine("sqlite://", creator=self._connect, poolclass=QueuePool)
        self._anew_at = 0.0
        event.listen(self._engine, "begin", _begin)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the only transaction that writes, and commit it; it waits for those of others before it begins.

        All that is written counts on this: what one statement has read, the next may rely on.

        Raises:
            WorldError: The database or the disk says no; nothing of the transaction is done.
        """
        with self.explained(), self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection
        self._begin_log_anew()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a transaction that sees one moment and waits for nobody.

        Raises:
            WorldError: The database or the disk says no.
        """
        with self.explained(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Give a transaction that may take tables apart: what belongs to a row is not removed with it.

        Raises:
            WorldError: The database or the disk says no; nothing of the transaction is done.
        """
        with self.explained(), self._engine.connect().execution_options(writes=True) as connection:
            connection.connection.execute("PRAGMA foreign_keys=OFF")  # has no effect within a transaction
            try:
                with connection.begin():
                    yield connection
            finally:
                connection.invalidate()

    @contextmanager
    def plain(self) -> Iterator[sqlite3.Connection]:
        """Give a connection of its own, outside of all transactions.

        Raises:
            WorldError: The database or the disk says no.
        """
        with self.explained():
            connection = self._connect()
            try:
                yield connection
            finally:
                connection.close()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Say in words of ours what the database says no to."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise trouble(error, self.path) from error

    def _begin_log_anew(self) -> None:
        """Begin the write-ahead log anew if it has become long.

        SQLite does that by itself when nobody reads. Where somebody always does, as where several people look at long lists, it
        never comes to that, and the log would grow until the disk is full.
        """
        now = time.monotonic()
        with contextlib.suppress(OSError, sqlite3.Error):  # all is written; what failed now is tried again
            if now < self._anew_at or os.stat(f"{os.fspath(self.path)}-wal").st_size <= WAL_BYTES:
                return
            self._anew_at = now + ANEW_EVERY_S
            with contextlib.closing(self._connect()) as connection:
                connection.execute(f"PRAGMA busy_timeout={int(1000 * ANEW_WAIT_S)}")
                connection.execute("PRAGMA wal_checkpoint(RESTART)")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=LONGEST_WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            for setting in ("synchronous=FULL", "foreign_keys=ON", f"journal_size_limit={WAL_BYTES}"):
                connection.execute(f"PRAGMA {setting}")
        except BaseException:
            connection.close()
            raise
        return connection


def added(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Insert rows in a transaction that writes, and give their numbers, in order; in three statements for any number of rows.

    SQLite promises no order of what `insert ... returning` gives for several rows; that numbers go up, it does promise.
    """
    if not rows:
        return []
    last = connection.scalar(select(func.max(table.c.id))) or 0
    many(connection, insertion(table), rows)
    return list(connection.scalars(select(table.c.id).where(table.c.id > last).order_by(table.c.id)))


@cache
def insertion(table: Table) -> Insert:
    """Give the statement that inserts rows: for one table always the same, so that it is compiled once."""
    return insert(table)


def many(connection: Connection, statement: Insert | Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """Execute a statement for each of some rows, which all have the same columns.

    Does what `Connection.execute` does; for many rows in half its time, since it does not look at each value of each row. So
    these must be what the driver takes: text, numbers, bytes, None. It is compiled once, if it is the same object every time.
    """
    if len(rows) < FEW_ROWS:
        connection.execute(statement, rows)
        return
    compiled = _compiled(statement, connection.dialect, tuple(rows[0]))
    same = {name: value for name, value in compiled.params.items() if name not in rows[0]}
    whole = [{**same, **row} for row in rows] if same else rows
    order = compiled.positiontup
    given: Any = [tuple([row[name] for name in order]) for row in whole] if order is not None else whole
    connection.exec_driver_sql(compiled.string, given)


@lru_cache(maxsize=64)
def _compiled(statement: Insert | Update, dialect: Dialect, columns: tuple[str, ...]) -> SQLCompiler:
    return statement.compile(dialect=dialect, column_keys=list(columns))


def trouble(error: Exception, path: Path) -> WorldError:
    """Say why the database could not do what it was asked."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    result = getattr(origin, "sqlite_errorcode", 0) & 0xFF
    what, hint, code = _TROUBLES.get(
        result, (f"the catalog says no: {origin}", "try again; if it stays so, check the disk", "catalog")
    )
    return WorldError(what, shown(path), hint, code=code)


_LOCKED = (
    f"the catalog was in use by another process for longer than {LONGEST_WAIT_S} s",
    "find out which one holds it (`fuser` on the file), and try again",
    "catalog",
)
_FORBIDDEN = (
    "the catalog cannot be written",
    "give write permission on the folder and the files in it, or name another folder with --out",
    "catalog",
)
_DAMAGED = (
    "this is no database, or a damaged one",
    "put a copy of it back, or move it away: a new one is begun, which knows nothing of what was done before",
    "catalog",
)
_TROUBLES = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_FULL: ("the catalog cannot be written: the disk is full", "free some space", "disk_full"),
    sqlite3.SQLITE_READONLY: _FORBIDDEN,
    sqlite3.SQLITE_CANTOPEN: _FORBIDDEN,
    sqlite3.SQLITE_PERM: _FORBIDDEN,
    sqlite3.SQLITE_IOERR: ("the catalog could not be read or written: the disk says no", "check the disk", "catalog"),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}


def _begin(connection: Connection) -> None:
    # Not the driver's own BEGIN: one that turned from reading to writing could not be made to wait.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

"""A catalog is opened: made if there is none, brought up to date if it is older, refused if it is newer or none of ours."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from linemill.catalog import schema
from linemill.catalog.database import LONGEST_WAIT_S, Database
from linemill.errors import WorldError
from linemill.files import shown
from linemill.files.trouble import reason_of

NAME = "catalog.db"

HEAD = "0002"
"""The newest migration: what a new catalog is. Alembic itself, 0.3 s to import, is left to those that are older."""

MIGRATIONS = Path(__file__).parent / "migrations"

TAG = "tag"
"""The row of `control` with the catalog's mark on hidden files."""

_revision = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def open_database(folder: Path, now: float) -> Database:
    """Open the database in a state folder, which is made if it is missing.

    Raises:
        WorldError: It cannot be used, or is none of ours; says why.
    """
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from error
    with _alone(folder):
        with Database(path).plain() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        database = Database(path)
        try:
            with database.reading() as reading:
                tables, found = _found(reading)
            if not tables:
                with database.writing() as writing:
                    _make(writing, now)
            elif "alembic_version" not in tables:
                raise _not_ours(path, "is no catalog of linemill's")
            elif found != HEAD:
                migrate(database, HEAD)
        except BaseException:
            database.close()
            raise
    return database


def tag_of(connection: Connection) -> str:
    """Give the catalog's mark on hidden files."""
    text = connection.scalar(select(schema.control.c.value).where(schema.control.c.name == TAG))
    tag: str = json.loads(text or '""')
    return tag


def migrate(database: Database, revision: str) -> None:
    """Bring an older database up to date, all at once or not at all.

    Raises:
        WorldError: It is newer than this linemill.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with database.migrating() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise _not_ours(database.path, "was made by a newer linemill") from error


def _found(connection: Connection) -> tuple[set[str], str | None]:
    """Give the tables that are there, and the migration they come from."""
    tables = set(inspect(connection).get_table_names())
    return tables, connection.scalar(select(_revision.c.version_num)) if "alembic_version" in tables else None


def _make(connection: Connection, now: float) -> None:
    schema.metadata.create_all(connection)
    _revision.metadata.create_all(connection)
    connection.execute(insert(_revision), {"version_num": HEAD})
    connection.execute(insert(schema.control), {"name": TAG, "value": json.dumps(secrets.token_hex(4)), "at": now})


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let nobody else open the same catalog at the same time: it may be being made."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        until = time.monotonic() + LONGEST_WAIT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > until:
                    what = f"another process has been opening the catalog for longer than {LONGEST_WAIT_S} s"
                    hint = "look whether it hangs (`fuser` on the folder), and try again"
                    raise WorldError(what, shown(folder), hint, code="catalog") from error
                time.sleep(0.01)
            except OSError as error:
                raise _unusable(folder, error) from error
        yield
    finally:
        os.close(descriptor)


def _unusable(folder: Path, error: OSError) -> WorldError:
    what = f"the state folder cannot be used: {reason_of(error)}"
    return WorldError(what, shown(folder), "move what is there, or name another folder with --out", code="catalog")


def _not_ours(path: Path, what: str) -> WorldError:
    hint = "use that version, or move the file away: a new one is begun, which knows nothing of what was done before"
    return WorldError(f"this database {what}", shown(path), hint, code="catalog")

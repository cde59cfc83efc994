"""Who works on a catalog: a row and a locked file for each process. A lock ends with its process, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from linemill.catalog import schema
from linemill.catalog.records import AttemptState, Owner
from linemill.errors import WorldError
from linemill.files import shown
from linemill.files.trouble import reason_of

_PREFIX, _SUFFIX = "owner-", ".lock"

_OLDEST_FIRST = select(schema.owner).order_by(schema.owner.c.began_at, schema.owner.c.id)


class Lock:
    """The locked file of this process.

    Args:
        folder: The state folder.

    Attributes:
        owner_id: 16 hexadecimal digits, of which the file has its name.

    Raises:
        WorldError: The file cannot be made or locked.
    """

    def __init__(self, folder: Path) -> None:
        while True:
            self.owner_id = secrets.token_hex(8)
            self._path = _path(folder, self.owner_id)
            try:
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            except FileExistsError:
                continue
            except OSError as error:
                raise _cannot_lock(error, self._path) from error
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(self._descriptor).st_nlink:
                    return
            except BlockingIOError:
                pass  # somebody asked between the two calls whether it is held, and will remove it
            except OSError as error:
                os.close(self._descriptor)
                self._path.unlink(missing_ok=True)
                raise _cannot_lock(error, self._path) from error
            os.close(self._descriptor)

    def close(self, *, remove: bool) -> None:
        """Let go of the lock; and remove the file, if nothing of its owner is left for others to find."""
        if remove:
            with contextlib.suppress(OSError):
                self._path.unlink()
        os.close(self._descriptor)


def register(connection: Connection, owner_id: str, what: str, now: float) -> None:
    """Note that this process works on the catalog; its lock is held already, so nobody takes it for dead."""
    row = {"id": owner_id, "pid": os.getpid(), "host": socket.gethostname(), "what": what, "began_at": now}
    connection.execute(insert(schema.owner), row)


def leave(connection: Connection, owner_id: str) -> bool:
    """Remove the row of a process, if it has nothing left that is unfinished; give whether it has not."""
    unfinished = select(schema.attempt.c.id).where(
        schema.attempt.c.owner_id == owner_id,
        schema.attempt.c.state.in_((AttemptState.WORKING, AttemptState.COMMITTED)),
    )
    if connection.execute(unfinished.limit(1)).first() is not None:
        return False
    connection.execute(delete(schema.owner).where(schema.owner.c.id == owner_id))
    return True


def living(connection: Connection, folder: Path) -> list[Owner]:
    """Give those whose locks are held, oldest first."""
    return [Owner(*row) for row in connection.execute(_OLDEST_FIRST) if _is_held(_path(folder, row.id))]


def remove_dead(connection: Connection, alive: Collection[str]) -> None:
    """Remove the rows of all but these."""
    connection.execute(delete(schema.owner).where(schema.owner.c.id.not_in(alive)))


def remove_locks(folder: Path, alive: Collection[str]) -> None:
    """Remove lock files that nobody holds."""
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        if path.name[len(_PREFIX) : -len(_SUFFIX)] not in alive and not _is_held(path):
            with contextlib.suppress(OSError):
                path.unlink()


def _path(folder: Path, owner_id: str) -> Path:
    return folder / f"{_PREFIX}{owner_id}{_SUFFIX}"


def _is_held(path: Path) -> bool:
    """Tell whether a lock is held, as far as we may know."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        # Shared, so that two who ask at the same time do not take each other for the owner.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _cannot_lock(error: OSError, path: Path) -> WorldError:
    hint = "give write permission on the folder, or name another one with --out"
    return WorldError(f"the state folder cannot be used: {reason_of(error)}", shown(path), hint, code="catalog")

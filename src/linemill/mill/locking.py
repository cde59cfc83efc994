"""The lock on an inbox: one mill at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from linemill.errors import UsageError, WorldError
from linemill.files import shown
from linemill.files.trouble import refused

LOCK_NAME = ".linemill.lock"


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold an inbox for one mill. A mill that dies, in whatever way, lets go of it.

    Raises:
        UsageError: Another mill has it; names its process.
        WorldError: The lock file cannot be made.
    """
    path = folder / LOCK_NAME
    descriptor = _locked(path)
    try:
        os.ftruncate(descriptor, 0)
        began = datetime.now(UTC).isoformat(timespec="seconds")
        os.pwrite(descriptor, f"{os.getpid()} {socket.gethostname()} {began}\n".encode(), 0)
        yield
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        os.close(descriptor)


def _locked(path: Path) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise _not_locked(error, path) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who had it removes it before letting go: then this is a file that nobody else would find.
            if os.path.samestat(os.fstat(descriptor), os.lstat(path)):
                return descriptor
        except BlockingIOError as error:
            holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").split()
            os.close(descriptor)
            who = f"process {shown(holder[0])} on {shown(holder[1])}" if len(holder) > 1 else "another process"
            hint = "stop that one, or give this pipeline another inbox"
            raise UsageError(f"another mill watches this inbox: {who}", shown(path.parent), hint) from error
        except FileNotFoundError:
            pass
        except OSError as error:
            os.close(descriptor)
            raise _not_locked(error, path) from error
        os.close(descriptor)


def _not_locked(error: OSError, path: Path) -> WorldError:
    return refused("the inbox cannot be locked", error, path, "check the folder's permissions and the disk")

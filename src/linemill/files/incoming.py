"""A file on its way into a folder: hidden until it is complete, and gone if it never is.

Whoever writes it holds a lock on it, which ends with its process, however that ends: what is hidden and not locked is nobody's.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from linemill.errors import WorldError
from linemill.files.renaming import rename_to_free
from linemill.files.trouble import refused
from linemill.files.writing import WRITEBACK_BYTES, begin_storing

_PREFIX, _SUFFIX = ".linemill-incoming-", ".part"

MOST_PIECES = 256
"""That are written by one call; systems take 1024."""


class Incoming:
    """A file that is being written; ended by `keep` or `discard`, of which the latter may come from any thread at any time.

    Args:
        folder: Where it is to be, which is there.

    Attributes:
        size: Bytes so far.

    Raises:
        WorldError: It cannot be made; so may every method.
    """

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self._folder = folder
        self._stored = 0
        self._lock = threading.RLock()  # a number of a file that is closed may be another file's
        try:
            self._path, self._descriptor = _made(folder)
        except OSError as error:
            raise self._cannot(error) from error

    def write(self, pieces: Sequence[bytes | memoryview]) -> None:
        """Add bytes at the end."""
        with self._lock:
            try:
                for start in range(0, len(pieces), MOST_PIECES):
                    self._write(pieces[start : start + MOST_PIECES])
                if self.size - self._stored >= WRITEBACK_BYTES:
                    begin_storing(self._descriptor, self._stored, self.size - self._stored)
                    self._stored = self.size
            except OSError as error:
                raise self._cannot(error) from error

    def keep(self, names: Iterable[str], marker: str | None) -> str:
        """Store the file, and give it the first of these names that is free. From then on it is whole, there, and not ours.

        Args:
            names: In the order of preference.
            marker: What is added to the name for that of an empty file which says that it is whole; None for no such file.

        Returns:
            The name.
        """
        with self._lock:
            return self._keep(names, marker)

    def _keep(self, names: Iterable[str], marker: str | None) -> str:
        try:
            os.fsync(self._descriptor)
            # Who looks for somebody that writes to it must find nobody; the lock goes on by another way to open it.
            kept = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(kept, fcntl.LOCK_SH | fcntl.LOCK_NB)
                self._close()
                name = self._named(names)
                if marker is not None:
                    (self._folder / f"{name}{marker}").touch()
                _sync_folder(self._folder)
            finally:
                os.close(kept)
        except OSError as error:
            self.discard()
            raise self._cannot(error) from error
        return name

    def discard(self) -> None:
        """Leave nothing of it; a second time changes nothing, and neither does it after `keep`."""
        with self._lock:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
            self._close()

    def _write(self, pieces: Sequence[bytes | memoryview]) -> None:
        left = sum(len(piece) for piece in pieces)
        written = os.writev(self._descriptor, pieces)
        self.size += written
        if written < left:  # a disk that is nearly full takes a part
            rest = memoryview(b"".join(pieces))[written:]
            while rest:
                count = os.write(self._descriptor, rest)
                self.size += count
                rest = rest[count:]

    def _named(self, names: Iterable[str]) -> str:
        for name in names:
            try:
                rename_to_free(self._path, self._folder / name)
            except FileExistsError:
                continue
            return name
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(self._folder))

    def _close(self) -> None:
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def _cannot(self, error: OSError) -> WorldError:
        return refused("the file cannot be stored", error, self._folder, "check the folder's permissions and the disk")


def sweep_incoming(folder: Path) -> int:
    """Remove what dead processes had begun; give how much. What cannot be looked at is left."""
    try:
        names = [name for name in os.listdir(folder) if name.startswith(_PREFIX) and name.endswith(_SUFFIX)]
    except OSError:
        return 0
    return sum(_swept(folder / name) for name in names)


def _made(folder: Path) -> tuple[Path, int]:
    while True:
        path = folder / f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return path, descriptor
        except BlockingIOError:
            pass  # somebody sweeps, and came between the two calls
        except OSError:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                os.unlink(path)
            raise
        os.close(descriptor)


def _swept(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot; their server has the name already
            raise
    finally:
        os.close(descriptor)

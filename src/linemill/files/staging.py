"""Outputs that are whole or not there: staged in hidden files beside their targets, synced, renamed into place.

In every folder with staged files of a run lies a lock file of that run, locked for as long as the run lives. Whoever finds
staged files without a living lock may remove them: their run was killed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import signal
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from linemill.errors import FileError
from linemill.files.names import shown
from linemill.files.trouble import cannot_write

_HIDDEN_NAME = re.compile(r"\.linemill-(?P<token>[0-9a-f]{16})(?:-[0-9]+\.part|\.lock)")

_IDLE_LOCKS = 64
"""Folders whose locks are kept for the next file although nothing is staged in them; every lock is an open file."""


@dataclass(frozen=True, slots=True)
class Staged:
    """One output on its way.

    Attributes:
        target: Where it will be, absolute.
        path: The hidden file beside it, to be written by name, in any process.
    """

    target: Path
    path: Path

    def size(self) -> int:
        """Tell how many bytes the hidden file has.

        Raises:
            WorldError: It cannot be looked at.
        """
        try:
            return os.stat(self.path).st_size
        except OSError as error:
            raise cannot_write(error, "published", self.target) from error


class Stage:
    """All that one run has staged. Used from one thread of the process that made it; others write by name.

    A context manager: leaving it removes what was not published.
    """

    def __init__(self) -> None:
        self._token = os.urandom(8).hex()
        self._numbers = count(1)
        self._open: dict[Staged, None] = {}
        self._locks: dict[Path, int] = {}
        self._made_in: set[Path] = set()

    def open(self, target: Path) -> Staged:
        """Make an empty hidden file beside a target, and the folders up to it. Its permissions come from the umask.

        Raises:
            FileError: `target`: it is a folder, a device or the like, or something that is no folder is in its way.
            WorldError: The folder cannot be written.
        """
        target = Path(os.path.abspath(target))
        _refuse_what_cannot_be_replaced(target)
        folder = target.parent
        try:
            self._make(folder)
            self._lock(folder)
            staged = Staged(target, folder / f".linemill-{self._token}-{next(self._numbers)}.part")
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(staged.path, flags, 0o666))
        except OSError as error:
            raise cannot_write(error, "staged", target) from error
        self._open[staged] = None
        return staged

    def publish(self, staged: Sequence[Staged], obsolete: Sequence[Path] = ()) -> None:
        """Sync the files, remove obsolete targets of earlier runs, rename each file over its target, sync the folders.

        A target that is a link is replaced itself; what it points to stays. Of two runs with one target, the last one
        wins, whole. After a failure before the first rename nothing is published.

        Raises:
            FileError: `target`: one of the targets has become something that cannot be replaced.
            WorldError: The system said no.
        """
        for one in staged:
            _refuse_what_cannot_be_replaced(one.target)
            _sync(one.path, one.target)
        with _undisturbed():
            removed_in = {target.parent for target in obsolete if _removed(target)}
            for one in staged:
                try:
                    os.replace(one.path, one.target)
                except OSError as error:
                    raise cannot_write(error, "published", one.target) from error
                self._open.pop(one, None)
            for folder in {one.target.parent for one in staged} | removed_in | self._made_in:
                _sync(folder, folder)
            self._made_in.clear()

    def discard(self, staged: Iterable[Staged]) -> None:
        """Remove staged files that will not be published; those that are gone already are fine."""
        for one in staged:
            with contextlib.suppress(OSError):
                os.unlink(one.path)
            self._open.pop(one, None)

    def close(self) -> None:
        """Remove what was not published, and the locks."""
        self.discard(list(self._open))
        self._unlock(list(self._locks))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _make(self, folder: Path) -> None:
        if folder.is_dir():
            return
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            what = "the folder of the output cannot be made: something that is no folder is in its way"
            blamed = next((parent for parent in (folder, *folder.parents) if os.path.lexists(parent)), folder)
            raise FileError(what, shown(blamed), "move it, or name another folder", code="target") from error
        # A new folder survives a power cut only when the folder that holds it is synced.
        self._made_in.update(parent.parent for parent in missing)

    def _lock(self, folder: Path) -> None:
        if folder in self._locks:
            return
        if len(self._locks) >= _IDLE_LOCKS:
            in_use = {staged.path.parent for staged in self._open}
            self._unlock([held for held in self._locks if held not in in_use])
        self._locks[folder] = _locked(_lock_path(folder, self._token))
        sweep(folder)

    def _unlock(self, folders: Iterable[Path]) -> None:
        for folder in folders:
            with contextlib.suppress(OSError):
                os.unlink(_lock_path(folder, self._token))
            os.close(self._locks.pop(folder))


def sweep(folder: Path) -> int:
    """Remove hidden files that runs left behind when they were killed; those of living runs stay.

    Returns:
        How many staged files were removed. What cannot be looked at or removed is left: sweeping never stops a run.
    """
    parts: dict[str, list[str]] = {}
    try:
        names = os.listdir(folder)
    except OSError:
        return 0
    for name in names:
        if found := _HIDDEN_NAME.fullmatch(name):
            parts.setdefault(found["token"], []).extend([name] if name.endswith(".part") else [])
    return sum(_sweep_run(folder, token, staged) for token, staged in parts.items())


def _sweep_run(folder: Path, token: str, names: list[str]) -> int:
    path = _lock_path(folder, token)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        # A run makes its lock before its first file and removes it after its last.
        return _remove(folder, names)
    except OSError:
        return 0
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_at(descriptor, path):
            return 0
        removed = _remove(folder, names)
        os.unlink(path)
    except OSError:
        return 0
    finally:
        os.close(descriptor)
    return removed


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait: between two renames they would leave a file half-published."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGALRM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _remove(folder: Path, names: list[str]) -> int:
    removed = 0
    for name in names:
        with contextlib.suppress(OSError):
            os.unlink(folder / name)
            removed += 1
    return removed


def _locked(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            os.close(descriptor)
            raise error
        # Between making and locking it, a sweep may have taken it for a dead run's and removed it.
        if _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)


def _lock_path(folder: Path, token: str) -> Path:
    return folder / f".linemill-{token}.lock"


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _refuse_what_cannot_be_replaced(target: Path) -> None:
    try:
        mode = os.stat(target).st_mode
    except (OSError, ValueError) as error:
        # Found here, since a rename that fails would leave the outputs before it published.
        if isinstance(error, ValueError) or error.errno == errno.ENAMETOOLONG:
            what = "the output cannot be written: no file can have this name"
            raise FileError(what, shown(target), "shorten the name of the input or of the output", code="target") from error
        return
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise FileError(f"the output cannot be written: its target is {kind}", shown(target), "name another file", code="target")


def _removed(target: Path) -> bool:
    try:
        os.unlink(target)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise cannot_write(error, "replaced", target) from error
    return True


def _sync(path: Path, blamed: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        # Some network file systems cannot sync a folder; their server has the name already.
        if error.errno != errno.EINVAL:
            raise cannot_write(error, "published", blamed) from error

"""Whether somebody still writes to a file: asked of the kernel where it can tell, else told by the file holding still.

On Linux a read lease is granted only while no process has the file open for writing, so there is no event to miss and no
time to wait. Elsewhere, and on file systems that other machines write to, size and time of the last change must hold still.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import stat
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from linemill.files.trouble import reason_of

LOOK_AGAIN_S = 1.0
"""When to ask again about a file that is being written or cannot be opened, in seconds, where no event tells that it is over."""

REMOTE = frozenset(
    [
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "drvfs",
        "gfs2",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "prl_fs",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
    ]
)
"""File systems that others may write to without this kernel knowing. On some a lease is refused although nobody writes."""


class Unready(StrEnum):
    """Why a file is not ready."""

    WRITING = "somebody has it open for writing"
    SETTLING = "it has not held still for long enough"
    VANISHED = "it is gone"
    NO_FILE = "it is not a regular file"
    UNREADABLE = "it cannot be opened"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a file is ready.

    Attributes:
        is_ready: It may be taken.
        reason: Why not; empty if it is ready.
        ask_at: When to ask again; only late, never wrong, if it is asked later.
    """

    is_ready: bool
    reason: str = ""
    ask_at: float | None = None


class Hold:
    """A file held open, with a lease where the kernel gives one: a writer that comes is noticed, and waits for the release.

    A context manager. Held for moments only, since the writer waits.

    Attributes:
        facts: As it was when it was opened.
        has_lease: Nobody has it open for writing.
    """

    def __init__(self, descriptor: int, *, has_lease: bool) -> None:
        self._descriptor = descriptor
        self.facts = os.fstat(descriptor)  # not what it was before the lease
        self.has_lease = has_lease

    def is_undisturbed(self) -> bool:
        """Tell whether no writer has come since it was opened."""
        if self.has_lease:
            return fcntl.fcntl(self._descriptor, fcntl.F_GETLEASE) == fcntl.F_RDLCK
        now = os.fstat(self._descriptor)
        return (now.st_size, now.st_mtime_ns) == (self.facts.st_size, self.facts.st_mtime_ns)

    def is_at(self, path: Path) -> bool:
        """Tell whether this file, and no other, has this name."""
        try:
            return os.path.samestat(self.facts, os.lstat(path))
        except OSError:
            return False

    def close(self) -> None:
        """Let go: a writer that waits goes on."""
        if self.has_lease:
            # Not left to the close: a process that was forked in the meantime has the file open, too.
            fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def hold(path: Path, *, with_lease: bool = True) -> Hold | str:
    """Hold a file, or say why it is not to be had: a word of `Unready`, maybe with what the system says."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except FileNotFoundError:
        return Unready.VANISHED
    except BlockingIOError:
        return Unready.WRITING  # somebody else has a lease to write, as file servers do
    except OSError as error:
        return f"{Unready.UNREADABLE}: {reason_of(error)}"
    with contextlib.ExitStack() as opened:
        opened.callback(os.close, descriptor)
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            return Unready.NO_FILE
        lease = _leased(descriptor) if with_lease and _may_lease(facts.st_dev) else None
        if lease is False:
            return Unready.WRITING
        opened.pop_all()
        return Hold(descriptor, has_lease=lease is True)


class Readiness:
    """Tells whether the files of one folder are ready, and remembers since when they have held still.

    Args:
        settle_s: How long size, time and inode must hold still, in seconds, where there are no leases.
    """

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._seen: dict[str, tuple[tuple[int, int, int], float, float]] = {}

    def notice(self, name: str, facts: os.stat_result, now: float) -> float:
        """Note what a file is like now, and give the time at which it was first seen."""
        key = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
        seen = self._seen.get(name)
        if seen is None or seen[0][0] != key[0]:
            self._seen[name] = (key, now, now)
            return now
        if seen[0] != key or now < seen[1]:  # it changed, or the clock was set back
            self._seen[name] = (key, now, seen[2])
        return seen[2]

    def forget_all_but(self, names: Collection[str]) -> None:
        """Forget the files that are not there any more."""
        for name in [name for name in self._seen if name not in names]:
            del self._seen[name]

    def ask(self, path: Path, now: float, *, with_lease: bool = True) -> Answer:
        """Tell whether a file is ready.

        Args:
            path: The file.
            now: Seconds since 1970.
            with_lease: Without it, only that it can be opened is asked: somebody else has told that it is complete.
        """
        held = hold(path, with_lease=with_lease)
        if isinstance(held, str):
            return Answer(False, held, None if held == Unready.VANISHED else now + LOOK_AGAIN_S)
        with held:
            if held.has_lease or not with_lease:
                return Answer(True)
            self.notice(path.name, held.facts, now)
            ready_at = self._seen[path.name][1] + self._settle_s
            return Answer(True) if now >= ready_at else Answer(False, Unready.SETTLING, ready_at)


@cache
def is_remote(device: int) -> bool:
    """Tell whether others may write to a file system without this kernel knowing; False where that cannot be found out."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
            for mount in mounts:
                before, _, after = mount.partition(" - ")
                if before.split()[2] == f"{os.major(device)}:{os.minor(device)}":
                    kind = after.split()[0]
                    return kind in REMOTE or kind.startswith("fuse")
    except OSError:
        pass
    return False


def _may_lease(device: int) -> bool:
    return hasattr(fcntl, "F_SETLEASE") and not is_remote(device)


def _leased(descriptor: int) -> bool | None:
    """Take a read lease; False if somebody writes, None if the kernel gives us none."""
    try:
        # What tells of a writer is SIGIO, which would end the process; this one does nothing unless it is asked for.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return False if error.errno == errno.EAGAIN else None
    return True

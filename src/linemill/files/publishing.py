"""What was staged and committed becomes visible, and an input that is done goes its way.

Each step is the redo of a log: it may be done again after a crash at any point, and comes to the same.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import signal
import stat
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

from linemill.errors import FileError, InvariantBroken, WorldError
from linemill.failpoints import reach
from linemill.files.libc import from_libc
from linemill.files.names import shown
from linemill.files.renaming import are_one, rename_to_free
from linemill.files.trouble import cannot_read, cannot_write, refused

COPY_BYTES = 256 * 2**10
"""Copied at once. 512 MiB took 0.24 s of the processor's time, as with `copy_file_range`, and 0.37 s with 1 MiB at once."""

FEW_SYNCS = 8
"""Up to so many files and folders are synced one by one; for a hundred, `syncfs` took an eighth of the time."""


class TargetTaken(FileError):
    """Something that is not ours has the name of an output that must not replace it.

    Attributes:
        target: The output's name.
    """

    code = "target"

    def __init__(self, what: str, target: Path) -> None:
        super().__init__(what, shown(target), "move it away, or name another file")
        self.target = target


class MovedAway(WorldError):
    """A growing output is not there any more: somebody moved it away, and a new one is to be begun.

    Attributes:
        target: The output's name.
    """

    code = "moved_away"

    def __init__(self, target: Path) -> None:
        super().__init__("the growing output was moved away", shown(target), "a new one is begun")
        self.target = target


def check_target(target: Path, *, is_growing: bool = False) -> None:
    """Refuse a target that could not be published; asked early, before any work is done for it.

    A link is replaced itself by a whole output, and what it points to stays. A growing output is never written through a link.

    Raises:
        TargetTaken: It is a folder, a device, a pipe or a socket, or a link where the output grows.
        FileError: `target`: no file can have this name.
    """
    try:
        mode = os.lstat(target).st_mode
        if stat.S_ISLNK(mode) and not is_growing:
            mode = os.stat(target).st_mode
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) or error.errno == errno.ENAMETOOLONG:
            what = "the output cannot be written: no file can have this name"
            raise FileError(what, shown(target), "shorten the name of the input or of the output", code="target") from error
        return
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a link" if stat.S_ISLNK(mode) else "not a regular file"
        raise TargetTaken(f"the output cannot be written: its target is {kind}", target)


def put_in_place(staged: Path, target: Path, *, may_replace: bool) -> None:
    """Rename a staged file, which is synced, to its target. The folder is still to be synced.

    Raises:
        TargetTaken: Something is there that must not, or cannot, be replaced.
        WorldError: The system said no; `staged_gone` if neither of the two is there.
    """
    if may_replace:
        check_target(target)
    with undisturbed():
        try:
            if may_replace and not are_one(staged, target):
                os.replace(staged, target)
            else:
                rename_to_free(staged, target)
        except FileExistsError as error:
            check_target(target)
            raise TargetTaken(
                "the output cannot be written: there is a file of this name that linemill did not write", target
            ) from error
        except FileNotFoundError as error:
            if not os.path.lexists(staged) and not os.path.lexists(target):
                raise _staged_gone(staged, target) from error
            if os.path.lexists(staged):
                raise cannot_write(error, "published", target) from error
        except OSError as error:
            check_target(target)
            raise cannot_write(error, "published", target) from error
    reach("put.done")


def append(staged: Path, target: Path, offset: int, length: int, *, sync: bool = True) -> None:
    """Append a staged file, which is synced, to a growing output. It is kept: whoever marks the output published removes it.

    Only ever adds bytes, at the end.

    Args:
        staged: The hidden file.
        target: The growing output; made if it is missing and the offset is 0, and its folder is still to be synced then.
        offset: Where its bytes begin in the target.
        length: How many they are.
        sync: Only return when they would survive a power cut. Without it, that is left to the caller.

    Raises:
        MovedAway: The target is missing, although something was appended to it before.
        TargetTaken: It is a folder, a link, a device or the like.
        WorldError: `foreign_bytes`: bytes are there that linemill did not write; `cut_off`: some that it did write are gone;
            `staged_gone`: the hidden file is; or the system said no.
    """
    with undisturbed(), contextlib.ExitStack() as opened:
        try:
            source = _opened(staged, opened)
            into = _opened_to_append(target, opened, may_make=offset == 0 and source is not None)
            if into is None:
                raise MovedAway(target) if source is not None else _staged_gone(staged, target)
            size = os.fstat(into).st_size
            if source is None:
                if size < offset + length:
                    raise _staged_gone(staged, target)
            else:
                if os.fstat(source).st_size != length:
                    what = f"{os.fstat(source).st_size} bytes are staged, and {length} were committed"
                    raise InvariantBroken(what, shown(staged), "keep both files and report this as a bug in linemill")
                _check_end(source, into, target, offset, length, size)
                _append(source, into, target, offset, length, size)
            if sync:
                os.fsync(into)
        except OSError as error:
            raise cannot_write(error, "appended", target) from error
    reach("append.done")


def move_input(source: Path, place: Path) -> None:
    """Move an input that is done, or has failed, never over another file. The folders are still to be synced.

    To another file system it is copied, and only removed when the copy would survive a power cut.

    Raises:
        FileError: `target`: another file has the name.
        BadInput: Neither the source nor the place is there.
        WorldError: The system said no.
    """
    with undisturbed():
        try:
            try:
                rename_to_free(source, place)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                _carry_over(source, place)
        except FileExistsError as error:
            raise FileError(
                "the input cannot be moved: there is another file of this name", shown(place), "move that one away", code="target"
            ) from error
        except FileNotFoundError as error:
            if os.path.lexists(source):
                raise _cannot_move(error, place) from error
            if not os.path.lexists(place):
                raise cannot_read(error, shown(source)) from error
        except OSError as error:
            raise _cannot_move(error, place) from error
    reach("input.moved")


def remove(path: Path) -> None:
    """Remove a file; one that is gone already is fine.

    Raises:
        WorldError: The system said no.
    """
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise cannot_write(error, "removed", path) from error


def sync(paths_written: Collection[Path], folders: Collection[Path] = ()) -> None:
    """Return when these files, and the names in these folders, would survive a power cut.

    Many are synced by one call a file system, where the system has that.

    Raises:
        WorldError: The system said no, now or to a write before.
    """
    syncfs = from_libc("syncfs") if len(paths_written) + len(folders) > FEW_SYNCS else None
    file_systems: set[int] = set()
    for path, flags in [*((path, os.O_NOFOLLOW) for path in paths_written), *((folder, os.O_DIRECTORY) for folder in folders)]:
        try:
            if file_systems and os.stat(path, follow_symlinks=flags != os.O_NOFOLLOW).st_dev in file_systems:
                continue
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
            try:
                if syncfs is None:
                    os.fsync(descriptor)
                else:
                    syncfs(descriptor)
                    file_systems.add(os.fstat(descriptor).st_dev)
            finally:
                os.close(descriptor)
        except OSError as error:
            # Some network file systems cannot sync a folder; their server has the name already.
            if error.errno != errno.EINVAL:
                raise cannot_write(error, "synced", path) from error


class _Shield(threading.local):
    """Whether signals wait in this thread."""

    is_up = False


_shield = _Shield()


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until what has begun is whole; within another one, until that is."""
    if _shield.is_up:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGALRM})
    _shield.is_up = True
    try:
        yield
    finally:
        _shield.is_up = False
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _carry_over(source: Path, place: Path) -> None:
    """Move a file to another file system."""
    if not _is_copy(source, place):
        # The name is always the same, so that what a crash leaves is taken up again.
        copy = place.with_name(f".linemill-moving-{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:16]}.part")
        remove(copy)
        try:
            shutil.copy2(source, copy, follow_symlinks=False)
        except OSError:
            remove(copy)  # the disk may be full
            raise
        sync([copy])
        rename_to_free(copy, place)
        sync([], [place.parent])
    os.unlink(source)


def _is_copy(source: Path, place: Path) -> bool:
    """Tell whether a crash came after the copy was in place and before its source was gone."""
    with contextlib.ExitStack() as opened:
        one, other = _opened(source, opened), _opened(place, opened)
        if one is None or other is None:
            return False
        facts, others = os.fstat(one), os.fstat(other)
        if (facts.st_size, facts.st_mtime_ns) != (others.st_size, others.st_mtime_ns):
            return False
        return _same_until(one, 0, other, 0, facts.st_size) == facts.st_size


def _opened(path: Path, opened: contextlib.ExitStack) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    opened.callback(os.close, descriptor)
    return descriptor


def _opened_to_append(target: Path, opened: contextlib.ExitStack, *, may_make: bool) -> int | None:
    check_target(target, is_growing=True)
    # With O_APPEND, what somebody else writes at this moment is never written over.
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | (os.O_CREAT if may_make else 0)
    try:
        descriptor = os.open(target, flags, 0o666)
    except FileNotFoundError:
        if may_make:
            raise
        return None
    opened.callback(os.close, descriptor)
    return descriptor


def _check_end(source: int, into: int, target: Path, offset: int, length: int, size: int) -> None:
    """Refuse a target that does not end where it should, or within these very bytes: an append that a crash cut off."""
    if size < offset:
        what = f"the growing output is cut off: {size} bytes are left of {offset}"
        raise WorldError(
            what, shown(target), "put back what is missing, or move the file away: a new one is begun", code="cut_off"
        )
    there = min(size - offset, length)
    same = _same_until(source, 0, into, offset, there)
    if same < there:
        raise _foreign_bytes(target, offset + same, size)


def _append(source: int, into: int, target: Path, offset: int, length: int, size: int) -> None:
    position = size
    reach("append.begun")
    for end in (offset + length // 2, offset + length):
        while position < end:
            block = os.pread(source, min(COPY_BYTES, end - position), position - offset)
            if not block:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            written = os.write(into, block)
            ends_at = os.lseek(into, 0, os.SEEK_CUR)
            if ends_at != position + written:
                raise _foreign_bytes(target, position, ends_at - written)
            position += written
        if 0 < end - offset < length:
            reach("append.half")


def _same_until(one: int, one_offset: int, other: int, other_offset: int, length: int) -> int:
    """Tell how many of so many bytes are the same in two files, from the first one on."""
    same = 0
    while same < length:
        step = min(COPY_BYTES, length - same)
        block, others = os.pread(one, step, one_offset + same), os.pread(other, step, other_offset + same)
        if not block or block != others:
            return same + next((at for at, pair in enumerate(zip(block, others, strict=False)) if pair[0] != pair[1]), len(block))
        same += len(block)
    return same


def _foreign_bytes(target: Path, offset: int, size: int) -> WorldError:
    what = f"the output has {size - offset} bytes at byte {offset} that linemill did not write"
    return WorldError(what, shown(target), "move the file away: a new one is begun", code="foreign_bytes")


def _staged_gone(staged: Path, target: Path) -> WorldError:
    what = f"what was staged for the output is gone ({shown(staged.name)})"
    return WorldError(what, shown(target), "put it back if it was moved, or process the file again", code="staged_gone")


def _cannot_move(error: OSError, place: Path) -> WorldError:
    return refused("the input could not be moved", error, place, "check the folder and the disk")

"""Renames that never replace a file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from linemill.files.libc import from_libc

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1


def rename_to_free(source: Path, place: Path) -> None:
    """Rename to a name that is free; an OSError says what the system says, FileExistsError among it."""
    renameat2 = from_libc("renameat2")
    if renameat2 is not None:
        try:
            renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(place), _RENAME_NOREPLACE)
        except FileExistsError:
            if not are_one(source, place):
                raise
            os.unlink(source)  # a crash came between the link and the unlink below
            return
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOSYS):  # these: the system, or this file system, cannot do it
                raise
        else:
            return
    if are_one(source, place):
        os.unlink(source)
        return
    try:
        os.link(source, place, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
    else:
        os.unlink(source)
        return
    # No links here either: between the look and the rename a file could come, and nothing can be done about that.
    if os.path.lexists(place) and os.path.lexists(source):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(place))
    os.rename(source, place)


def are_one(path: Path, other: Path) -> bool:
    """Tell whether these are two names of one file."""
    try:
        facts = os.lstat(path)
        return (
            facts.st_nlink > 1 and os.path.samestat(facts, os.lstat(other)) and os.path.realpath(path) != os.path.realpath(other)
        )
    except OSError:
        return False

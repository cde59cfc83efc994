"""What the operating system says no to, translated once into linemill's errors."""

from __future__ import annotations

import errno
from pathlib import Path

from linemill.errors import BadInput, LinemillError, WorldError
from linemill.files.names import shown

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESTALE})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

_WRITING_HINTS = {
    errno.ENOSPC: "free some space, or name another folder",
    errno.EDQUOT: "free some of the quota, or name another folder",
    errno.EROFS: "name a folder that can be written",
    errno.EACCES: "give write permission, or name another folder",
    errno.EPERM: "give write permission, or name another folder",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
}


def cannot_read(error: OSError, where: str) -> LinemillError:
    """Say why a file cannot be opened or read: the file's fault, or the world's."""
    if error.errno in _GONE:
        return BadInput("the file is not there", where, "check the name, and that nobody moves or deletes it", code="vanished")
    if error.errno in _FORBIDDEN:
        return BadInput(f"the file cannot be opened: {reason_of(error)}", where, "check its permissions", code="unreadable")
    if error.errno == errno.EISDIR:
        return BadInput("this is a folder, not a file", where, "name the files in it", code="not_a_file")
    return WorldError(f"the file could not be read: {reason_of(error)}", where, "try again; if it stays so, check the disk")


def cannot_write(error: OSError, what: str, path: Path | str) -> WorldError:
    """Say why an output could not be staged or published.

    Args:
        error: What the system said.
        what: What was being done, as in "the output could not be ...".
        path: The file or folder that was written, or the name of a stream.
    """
    hint = _WRITING_HINTS.get(error.errno or 0, "check the disk and the folder, and run again")
    code = "disk_full" if error.errno in _FULL else "cannot_write"
    return WorldError(f"the output could not be {what}: {reason_of(error)}", shown(path), hint, code=code)


def refused(what: str, error: OSError, path: Path, hint: str) -> WorldError:
    """Say that the system refused something else: what, why, where, and what helps."""
    code = "disk_full" if error.errno in _FULL else None
    return WorldError(f"{what}: {reason_of(error)}", shown(path), hint, code=code)


def reason_of(error: OSError) -> str:
    """Say what the system says, as a part of a sentence."""
    return (error.strerror or str(error)).lower()

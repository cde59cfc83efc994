"""What Linux tells of folders and files: that something in them is new, complete or may be opened now.

It also tells when a writer closes a file, which watchers that serve all systems leave out, and whoever waits for it sleeps.
"""

from __future__ import annotations

import contextlib
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from linemill.files.libc import from_libc

_ATTRIBUTES = 0x4  # permissions and times, by which a file may become readable
_CLOSE_WRITE = 0x8
_MOVED_TO = 0x80
_CREATE = 0x100
_DELETE_SELF = 0x400
_MOVE_SELF = 0x800
_OVERFLOW = 0x4000
_IGNORED = 0x8000
# Not what leaves a folder, which is mostly our own doing, nor each write.
_MASK = _ATTRIBUTES | _CLOSE_WRITE | _MOVED_TO | _CREATE | _DELETE_SELF | _MOVE_SELF

_EVENT = struct.Struct("iIII")
_READ_BYTES = 64 * 2**10


@dataclass(frozen=True, slots=True)
class News:
    """What has happened.

    Attributes:
        happened: Watches in which something has.
        ended: Watches that have ended, since what they watched was moved or removed.
        is_all: There was too much to be told: anything may have happened anywhere.
    """

    happened: set[int]
    ended: set[int]
    is_all: bool


class Inotify:
    """An open channel to the kernel. Used from one thread.

    Raises:
        OSError: The system has no such thing, or no more of them.
    """

    def __init__(self) -> None:
        begin, add, remove = map(from_libc, ("inotify_init1", "inotify_add_watch", "inotify_rm_watch"))
        if begin is None or add is None or remove is None:
            raise OSError("this system has no inotify")
        self._add = add
        self._remove = remove
        self.descriptor = begin(os.O_NONBLOCK | os.O_CLOEXEC)

    def watch(self, path: Path) -> int:
        """Begin to watch a folder or a file, and give the number of the watch.

        Raises:
            OSError: It is not there, or there can be no more watches.
        """
        return self._add(self.descriptor, os.fsencode(path), _MASK)

    def read(self) -> News:
        """Give what has happened since; waits for nothing."""
        happened: set[int] = set()
        ended: set[int] = set()
        is_all = False
        try:
            data = os.read(self.descriptor, _READ_BYTES)
        except BlockingIOError:
            data = b""
        position = 0
        while position < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, position)
            position += _EVENT.size + length
            if mask & _OVERFLOW:
                is_all = True
            elif mask & _MOVE_SELF:
                with contextlib.suppress(OSError):
                    self._remove(self.descriptor, watch)  # it would go on at the new name
                ended.add(watch)
            elif mask & (_DELETE_SELF | _IGNORED):
                ended.add(watch)
            else:
                happened.add(watch)
        return News(happened, ended, is_all)

    def close(self) -> None:
        """End all watches."""
        os.close(self.descriptor)

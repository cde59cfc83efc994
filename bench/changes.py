"""What happens in a folder, as the kernel tells it (inotify): nothing is polled, so that watching costs nothing."""

from __future__ import annotations

import ctypes
import os
import select
import struct
from enum import IntFlag
from pathlib import Path
from types import TracebackType
from typing import Self

HEADER = struct.Struct("iIII")
OVERFLOW = 0x4000
READ_BYTES = 2**18


class Change(IntFlag):
    """What to tell of; the values are those of <sys/inotify.h>."""

    LEFT = 0x40
    """A name was moved away."""
    CAME = 0x80 | 0x100
    """A name was moved to here, or made."""


class Changes:
    """Tells the names that come into a folder, or leave it, from now on.

    Args:
        folder: The folder, which is there.
        change: Which of the two.
    """

    def __init__(self, folder: Path, change: Change) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._called("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
        self._called("inotify_add_watch", self._descriptor, os.fsencode(folder), int(change))
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Tell nothing any more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def names(self, timeout_s: float) -> list[str]:
        """Wait for names that are not hidden, as long as told; give those that there are.

        Raises:
            OverflowError: More happened than the kernel keeps for us.
        """
        if not self._poll.poll(timeout_s * 1000):
            return []
        data = os.read(self._descriptor, READ_BYTES)
        names: list[str] = []
        at = 0
        while at < len(data):
            _, mask, _, length = HEADER.unpack_from(data, at)
            if mask & OVERFLOW:
                raise OverflowError("more files came than the kernel keeps for us")
            name = os.fsdecode(data[at + HEADER.size : at + HEADER.size + length].rstrip(b"\0"))
            if not name.startswith("."):
                names.append(name)
            at += HEADER.size + length
        return names

    def _called(self, function: str, *arguments: object) -> int:
        given = int(getattr(self._libc, function)(*arguments))
        if given < 0:
            raise OSError(ctypes.get_errno(), f"{function} failed")
        return given

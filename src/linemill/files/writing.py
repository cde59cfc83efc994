"""Bytes out: one staged file, written in order, with writeback under way long before the final sync."""

from __future__ import annotations

import concurrent.futures
import errno
import os
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from linemill.files.trouble import cannot_write

GATHER_BYTES = 256 * 2**10
"""Small pieces are gathered to this before a write."""

LARGE_BYTES = 4 * 2**20
"""From here on a file is written by a thread beside the work. What that saves was not measured alone."""

GATHER_LARGE_BYTES = 2 * 2**20
"""What is gathered for that thread. It may wait for the interpreter for 5 ms each time, so it is given much at once."""

WAITING = 4
"""Writes of a file that may wait for the thread: bounds the memory, and a slow disk slows the work down."""

WRITEBACK_BYTES = 8 * 2**20
"""How much is written before the kernel is told to begin storing it. For 1 GiB over 6 s: 6.7 s and an fsync of 0.1 s, against
an fsync of 1.6 s (8.2 s in all) when nothing is stored before; 32 MiB and a thread that syncs came out no better."""


class Writer:
    """Writes one staged file from its beginning; what an earlier try left in it is gone.

    A context manager that syncs and closes, and after an error only closes.

    Args:
        path: The staged file, which exists.
        is_part: The file is soon read again, appended to another, and removed: it is never synced, nor stored early, which
            would make the kernel forget it.
        with_crc: Keep `crc`. Costs 0.7 s for 1 GB, so only who stores it asks for it.

    Attributes:
        bytes: Bytes taken so far.
        crc: CRC-32 of them; 0 unless asked for.
    """

    def __init__(self, path: Path, *, is_part: bool = False, with_crc: bool = False) -> None:
        self.path = path
        self.bytes = 0
        self.crc = 0
        self._is_part = is_part
        self._with_crc = with_crc
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._written = 0
        self._stored = 0
        self._waiting: deque[Future[None]] = deque()
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise cannot_write(error, "staged", path) from error

    def write(self, data: bytes) -> None:
        """Take bytes; they are in the file after `flush` or `close`, and on disk after a sync.

        Raises:
            WorldError: The disk is full, or the system said no.
        """
        self.bytes += len(data)
        self._gathered.append(data)
        self._gathered_bytes += len(data)
        if self._gathered_bytes >= (GATHER_BYTES if self.bytes < LARGE_BYTES else GATHER_LARGE_BYTES):
            self._hand_on()

    def flush(self) -> None:
        """Hand everything taken so far to the system, and wait until it has it.

        Raises:
            WorldError: The disk is full, or the system said no.
        """
        self._hand_on()
        while self._waiting:
            self._waiting.popleft().result()

    def _hand_on(self) -> None:
        if not self._gathered:
            return
        data = self._gathered[0] if len(self._gathered) == 1 else b"".join(self._gathered)
        self._gathered.clear()
        self._gathered_bytes = 0
        if self.bytes < LARGE_BYTES and not self._waiting:
            self._store(data)
            return
        self._waiting.append(_beside().submit(self._store, data))
        if len(self._waiting) > WAITING:
            self._waiting.popleft().result()

    def _store(self, data: bytes) -> None:
        if self._with_crc:
            self.crc = zlib.crc32(data, self.crc)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            raise cannot_write(error, "staged", self.path) from error
        self._begin_storing(len(data))

    def append_from(self, other: Path) -> int:
        """Append another file, in the kernel where it can, and give the number of its bytes."""
        self.flush()
        try:
            source = os.open(other, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise cannot_write(error, "staged", other) from error
        try:
            copied = 0 if self._with_crc else self._copy_in_kernel(source)
            # What is left, where the kernel cannot copy between these two, or every byte must be looked at.
            while block := os.read(source, GATHER_BYTES):
                self.write(block)
                copied += len(block)
            self.flush()
        except OSError as error:
            raise cannot_write(error, "staged", self.path) from error
        finally:
            os.close(source)
        return copied

    def close(self, sync: bool = True) -> None:
        """Write what is gathered and close; with `sync`, only return when it would survive a power cut.

        Raises:
            WorldError: The disk is full, or the system said no: the file is not whole.
        """
        try:
            self.flush()
            if sync and not self._is_part:
                os.fsync(self._descriptor)
        except OSError as error:
            raise cannot_write(error, "staged", self.path) from error
        finally:
            concurrent.futures.wait(self._waiting)
            os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            concurrent.futures.wait(self._waiting)
            os.close(self._descriptor)

    def _copy_in_kernel(self, source: int) -> int:
        copied = 0
        while True:
            try:
                step = os.copy_file_range(source, self._descriptor, WRITEBACK_BYTES)
            except OSError as error:
                if error.errno in _CANNOT_COPY:
                    return copied
                raise
            if step == 0:
                return copied
            copied += step
            self.bytes += step
            self._begin_storing(step)

    def _begin_storing(self, count: int) -> None:
        self._written += count
        if not self._is_part and self._written - self._stored >= WRITEBACK_BYTES and hasattr(os, "posix_fadvise"):
            # On Linux this starts writeback of what is dirty in the range, and does not wait.
            os.posix_fadvise(self._descriptor, self._stored, self._written - self._stored, os.POSIX_FADV_DONTNEED)
            self._stored = self._written


_CANNOT_COPY = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EPERM})


@cache
def _beside() -> ThreadPoolExecutor:
    """One thread a process writes all large files, each in order."""
    return ThreadPoolExecutor(1, "linemill-writing")

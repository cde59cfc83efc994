"""Bytes out: one staged file, written in order, with writeback under way long before it is synced."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import xxhash

from linemill.files.trouble import cannot_write

WRITE_BYTES = 64 * 2**10
"""What is handed to the system at a time. 1 GB took 0.5 s of system time; by 256 KiB 0.3 to 1.0 s, by 1 MiB 1.3 to 1.8 s, and a
thread beside the work 2 s and 8,000 waits for the interpreter."""

WRITEBACK_BYTES = 8 * 2**20
"""How much is written before the kernel is told to begin storing it. For 1 GiB over 6 s: 6.7 s and an fsync of 0.1 s, against
an fsync of 1.6 s (8.2 s in all) when nothing is stored before; 32 MiB and a thread that syncs came out no better."""


class Writer:
    """Makes one staged file, with the permissions that the umask leaves; what an earlier try left in it is gone.

    A context manager that writes everything out and closes, and after an error only closes. It never syncs: that is done for
    many files at once.

    Args:
        path: The staged file.
        is_part: The file is soon read again, put together with others, and removed: it is not stored early, which would make
            the kernel forget it.

    Attributes:
        bytes: Bytes taken so far.
    """

    def __init__(self, path: Path, *, is_part: bool = False) -> None:
        self.path = path
        self.bytes = 0
        self._is_part = is_part
        self._checksum = xxhash.xxh3_64()
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._written = 0
        self._stored = 0
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise cannot_write(error, "staged", path) from error

    @property
    def piece(self) -> tuple[int, str]:
        """Tell the length and checksum (XXH3, 64 bits, hexadecimal) of what was written out; of everything, once it is closed."""
        return self._written, self._checksum.hexdigest()

    def write(self, data: bytes) -> None:
        """Take bytes; they are in the file after `flush` or `close`.

        Raises:
            WorldError: The disk is full, or the system said no.
        """
        self.bytes += len(data)
        self._gathered.append(data)
        self._gathered_bytes += len(data)
        if self._gathered_bytes >= WRITE_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand everything taken so far to the system.

        Raises:
            WorldError: The disk is full, or the system said no.
        """
        data = self._gathered[0] if len(self._gathered) == 1 else b"".join(self._gathered)
        self._gathered = []
        self._gathered_bytes = 0
        self._checksum.update(data)
        try:
            write_at(self._descriptor, data, self._written)
        except OSError as error:
            raise cannot_write(error, "staged", self.path) from error
        self._begin_storing(len(data))

    def close(self) -> None:
        """Write what is gathered and close.

        Raises:
            WorldError: The disk is full, or the system said no: the file is not whole.
        """
        try:
            self.flush()
        finally:
            self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._let_go()

    def _begin_storing(self, count: int) -> None:
        self._written += count
        if not self._is_part and self._written - self._stored >= WRITEBACK_BYTES:
            begin_storing(self._descriptor, self._stored, self._written - self._stored)
            self._stored = self._written

    def _let_go(self) -> None:
        try:
            os.close(self._descriptor)
        except OSError as error:
            # Where the system says only now that it could not keep the bytes: network file systems, quotas.
            raise cannot_write(error, "staged", self.path) from error


def write_at(descriptor: int, data: bytes, offset: int) -> None:
    """Write all of it at that place of a file, a little at a time.

    Raises:
        OSError: The disk is full, or the system said no.
    """
    view = memoryview(data)
    start = 0
    while start < len(data):
        start += os.pwrite(descriptor, view[start : start + WRITE_BYTES], offset + start)


def begin_storing(descriptor: int, offset: int, length: int) -> None:
    """Tell the kernel to begin storing a range, without waiting: whoever syncs the file later waits for little."""
    if hasattr(os, "posix_fadvise"):
        # On Linux this starts writeback of what is dirty in the range.
        os.posix_fadvise(descriptor, offset, length, os.POSIX_FADV_DONTNEED)

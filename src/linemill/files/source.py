"""Raw bytes in, block by block: a regular file, a named pipe or an open stream, and the proof that it held still."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from linemill.errors import BadInput, WorldError
from linemill.files.names import shown
from linemill.files.trouble import cannot_read

_KINDS = {
    stat.S_IFDIR: ("a folder", "name the files in it"),
    stat.S_IFCHR: ("a device", "name a regular file, or - for standard input"),
    stat.S_IFBLK: ("a device", "name a regular file"),
    stat.S_IFSOCK: ("a socket", "name a regular file or a named pipe"),
}

AHEAD_BYTES = 32 * 2**20
"""How far ahead of the reader the kernel is asked to read what it has not, or has not any more: two spans, so that those who read
the next ones find them there. A read that waits, waits behind all that is being stored: up to 0.1 s where a run took 10 s."""

STEP_BYTES = 4 * 2**20
"""How much it is asked for at a time: 10 microseconds for 1 MiB that is there. Of smaller files it is asked nothing."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What identifies the content of a regular file while it is being read.

    Attributes:
        device: The file system's number.
        inode: The file's number there.
        size: In bytes.
        modified_ns: Time of the last change, in nanoseconds.
    """

    device: int
    inode: int
    size: int
    modified_ns: int


class Source:
    """An open input. Every refusal of the system leaves here as one of linemill's errors.

    Attributes:
        where: Its name, to be shown.
        facts: As it was when opened; None for a pipe.
        is_path: A regular file opened by name, so that others can open it too.
        position: Offset of the next byte to be read; for a stream counted from where it was handed over.
    """

    def __init__(self, source: Path | BinaryIO) -> None:
        if isinstance(source, Path):
            self.where = shown(source)
            self._file: BinaryIO = _open(source, self.where)
            self._closes = True
        else:
            self.where = shown(str(getattr(source, "name", "stream")))
            self._file = source
            self._closes = False
        # A stream's read1 gives what is there; its read would wait for a full block.
        self._read = getattr(self._file, "read1", self._file.read)
        self.facts = self._facts()
        self.is_path = self._closes and self.facts is not None
        self.position = 0
        self._step_at = STEP_BYTES

    def blocks(self, block_bytes: int) -> Iterator[bytes]:
        """Read on to the end, in blocks of at most `block_bytes`, never empty."""
        read = self._read
        while True:
            try:
                block = read(block_bytes)
            except OSError as error:
                raise cannot_read(error, self.where) from error
            if not block:
                if block is None:
                    raise WorldError("the input gives nothing and does not wait", self.where, "let it block when it is read")
                return
            self.position += len(block)
            if self.position >= self._step_at:
                self._look_ahead()
            yield block

    def first_bytes(self, count: int) -> bytes:
        """Read the first bytes of a regular file without moving."""
        try:
            return os.pread(self._file.fileno(), count, 0)
        except OSError as error:
            raise cannot_read(error, self.where) from error

    def move_to(self, position: int) -> None:
        """Continue at this offset of a regular file."""
        self._file.seek(position)
        self.position = position
        self._step_at = position + STEP_BYTES

    def check_unchanged(self) -> None:
        """Refuse a file that was written to while it was read: its lines would be of two ages.

        Raises:
            BadInput: `changed`.
        """
        if self._facts() != self.facts:
            raise BadInput(
                "the file changed while it was being read", self.where, "wait until nobody writes to it", code="changed"
            )

    def close(self) -> None:
        """Close what was opened here; a stream that was handed in stays open."""
        if self._closes:
            self._file.close()

    def _look_ahead(self) -> None:
        """Have the kernel read what will be asked for, without waiting."""
        if self.is_path and hasattr(os, "posix_fadvise"):
            with suppress(OSError):  # a file system that cannot
                os.posix_fadvise(self._file.fileno(), self._step_at + AHEAD_BYTES, STEP_BYTES, os.POSIX_FADV_WILLNEED)
        self._step_at += STEP_BYTES

    def _facts(self) -> Facts | None:
        try:
            found = os.fstat(self._file.fileno())
        except io.UnsupportedOperation:
            return None
        except OSError as error:
            raise cannot_read(error, self.where) from error
        if not stat.S_ISREG(found.st_mode):
            return None
        return Facts(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _open(path: Path, where: str) -> BinaryIO:
    try:
        # Looked at before it is opened, since opening a device may already do something; and again after, since the
        # name may stand for something else by then.
        _refuse_what_is_no_file(os.stat(path), where)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise cannot_read(error, where) from error
    except ValueError as error:
        raise BadInput("no file can have this name", where, "check the name", code="vanished") from error
    try:
        _refuse_what_is_no_file(os.fstat(descriptor), where)
    except BadInput:
        os.close(descriptor)
        raise
    return open(descriptor, "rb", buffering=0)


def _refuse_what_is_no_file(found: os.stat_result, where: str) -> None:
    kind = _KINDS.get(stat.S_IFMT(found.st_mode))
    if kind is not None:
        raise BadInput(f"this is {kind[0]}, not a file", where, kind[1], code="not_a_file")

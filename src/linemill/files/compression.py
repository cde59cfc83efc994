"""Compressed files, told by their content and unpacked with flat memory, whatever they claim to hold."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from linemill.errors import BadInput

INPUT_BYTES = 64 * 2**10
"""Compressed bytes given to a decompressor at once. Small, because what is left after a member is copied: a file of
nothing but empty members costs the square of this."""

XZ_MEMORY_BYTES = 256 * 2**20
"""Most that an xz stream may ask for; `xz -9` asks for 65 MiB."""

RATIO_LIMIT = 1000
RATIO_FREE_BYTES = 100 * 2**20
"""Up to here any ratio is fine: a small file of blank lines is no bomb."""


class Decompressor(Protocol):
    """One member (gzip), stream (bzip2, xz) or frame (zstd); the interface of the standard library's `bz2` and `lzma`."""

    @property
    def eof(self) -> bool:
        """Whether its end was reached and its checksum was right."""

    @property
    def needs_input(self) -> bool:
        """Whether more comes out only when more goes in."""

    @property
    def unused_data(self) -> bytes:
        """What was given after its end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take data and give at most `max_length` bytes; the rest waits for the next call."""


@dataclass(frozen=True, slots=True)
class Format:
    """One way to compress.

    Attributes:
        name: As reports show it.
        starts: Every way in which a member may begin; what begins otherwise is not of this format.
        padding: Zero bytes after a member must be a multiple of this; 0 where none are allowed.
    """

    name: str
    starts: tuple[bytes, ...]
    padding: int = 0


# "BZh9" alone may well begin a text, so the mark of the first block, or of the end of an empty stream, belongs to it.
_BZIP2_STARTS = tuple(b"BZh%d" % level + mark for level in range(1, 10) for mark in (b"1AY&SY", b"\x17rE8P\x90"))
_ZSTD_STARTS = (b"\x28\xb5\x2f\xfd", *(bytes([first]) + b"\x2a\x4d\x18" for first in range(0x50, 0x60)))

FORMATS = (
    Format("gzip", (b"\x1f\x8b\x08",), padding=1),
    Format("bzip2", _BZIP2_STARTS),
    Format("xz", (b"\xfd7zXZ\x00",), padding=4),
    Format("zstd", _ZSTD_STARTS),
)

STARTS = tuple(start for form in FORMATS for start in form.starts)
START_BYTES = max(map(len, STARTS))


def told_by(head: bytes) -> Format | None:
    """Tell the format from the first bytes of a file; None for a file that is not compressed."""
    return next((form for form in FORMATS if head.startswith(form.starts)), None)


def decompress(form: Format, blocks: Iterable[bytes], *, max_size: int, step_bytes: int, where: str) -> Iterator[bytes]:
    """Unpack all members, one after the other, at most `step_bytes` at a time.

    Args:
        form: What the blocks are compressed with.
        blocks: The raw bytes, cut anywhere.
        max_size: Most bytes that may come out.
        step_bytes: Most bytes to hold at once.
        where: The file's name, for messages.

    Raises:
        BadInput: `truncated`, `corrupt` (a wrong checksum and trailing garbage too), `too_big` or `ratio`.
    """
    create, errors = _decompressor(form)
    member: Decompressor | None = None
    padding = taken = given = 0
    for rest in _pieces(blocks):
        taken += len(rest)
        while rest:
            if member is None:
                begin = rest.lstrip(b"\0") if form.padding else rest
                padding += len(rest) - len(begin)
                if not begin:
                    break
                if not _may_begin(begin, form) or (form.padding and padding % form.padding):
                    raise _corrupt(form, "something else follows its end", where)
                member, padding, rest = create(), 0, begin
            is_drained = False
            while not is_drained:
                try:
                    out = member.decompress(rest, step_bytes)
                except errors as error:
                    raise _failed(form, error, where) from error
                rest = b""
                is_drained = member.eof or member.needs_input
                if out:
                    given += len(out)
                    _check_size(given, taken, max_size, where)
                    yield out
            if member.eof:
                rest, member = member.unused_data, None
    if member is not None:
        raise BadInput(f"the {form.name} file ends too early", where, "copy it again; it is incomplete", code="truncated")
    if form.padding and padding % form.padding:
        raise _corrupt(form, "the zero bytes at its end are not a multiple of four", where)


class _GzipMember:
    """`zlib`'s decompressor with the interface of the others."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)  # 31: a gzip header and trailer, both checked
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)
        self.needs_input = not self._inflate.unconsumed_tail and len(out) < max_length
        return out


def _decompressor(form: Format) -> tuple[Callable[[], Decompressor], tuple[type[Exception], ...]]:
    # Imported here: most files are plain, and starting up should not wait for three libraries.
    if form.name == "gzip":
        return _GzipMember, (zlib.error,)
    if form.name == "bzip2":
        import bz2

        return bz2.BZ2Decompressor, (OSError, ValueError)
    if form.name == "xz":
        import lzma

        return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES), (lzma.LZMAError,)
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.ZstdDecompressor, (zstd.ZstdError,)


def _pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        for start in range(0, len(block), INPUT_BYTES):
            yield block[start : start + INPUT_BYTES]


def _may_begin(begin: bytes, form: Format) -> bool:
    # The bytes may be cut inside the mark: then what there is must be a part of it.
    return any(begin.startswith(start) or start.startswith(begin) for start in form.starts)


def _check_size(given: int, taken: int, max_size: int, where: str) -> None:
    if given > max_size:
        raise BadInput(
            f"more than {max_size} bytes come out of it", where, "raise input.max_size if that is right", code="too_big"
        )
    if given > RATIO_FREE_BYTES and given > taken * RATIO_LIMIT:
        raise BadInput(
            f"more than {RATIO_LIMIT} times its size comes out of it", where, "decompress it first if that is right", code="ratio"
        )


def _failed(form: Format, error: Exception, where: str) -> BadInput:
    if "memory" in str(error).lower():
        return BadInput(f"unpacking this {form.name} file takes too much memory", where, "decompress it first", code="too_big")
    return _corrupt(form, str(error) or type(error).__name__, where)


def _corrupt(form: Format, reason: str, where: str) -> BadInput:
    return BadInput(f"the {form.name} file is corrupt: {reason}", where, "copy it again, or have it made again", code="corrupt")

"""A file, or a span of one, as lists of whole lines.

Raw blocks come from `source`, are unpacked by `compression` and turned into UTF-8 by `transcoding` where that is needed,
and are cut by `lines`. Here is the order of these, and what a span owns.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from linemill.errors import BadInput, InvariantBroken
from linemill.files.compression import START_BYTES, STARTS, decompress, told_by
from linemill.files.lines import LineCutter, LongLine
from linemill.files.source import Facts, Source
from linemill.files.transcoding import BYTE_ORDER_MARKS, UTF_8, codec_name, transcode

MAX_LINE = 16 * 2**20
MAX_SIZE = 100 * 2**30
BLOCK_BYTES = 192 * 2**10

# glibc gives every freed block of 128 KiB or more back to the kernel, and the next one costs its page faults again: 97,000
# of them for 100 MB, half of the time of reading it. It stops for sizes up to that of a large block that was once freed,
# so one is (never touched, so it costs nothing): 100 MB decoded in 0.05 s instead of 0.29 s.
bytes(4 * 2**20)

_FIRST_BYTES = (*STARTS, *BYTE_ORDER_MARKS)


@dataclass(frozen=True, slots=True)
class Span:
    """A byte range of an uncompressed file. It owns every line that starts in it, from `start` up to before `end`."""

    start: int
    end: int


def spans(size: int, span_bytes: int, steps: int = 1) -> list[Span]:
    """Cut a file of `size` bytes into spans of `span_bytes`, the last one shorter; none for an empty file.

    Args:
        size: In bytes.
        span_bytes: Of a span.
        steps: The first spans rise to that size in so many steps.
    """
    edges = [0]
    while edges[-1] < size:
        length = max(1, span_bytes * min(len(edges), steps) // steps)
        edges.append(min(edges[-1] + length, size))
    return [Span(start, end) for start, end in pairwise(edges)]


class Reader:
    r"""Reads lines, once, in order: lists of whole lines without their ends, and long lines by reference between them.

    A line ends at `\n` or `\r\n`, nothing else; a last line without an end counts and keeps a `\r`. Bytes that are not
    UTF-8 are surrogates in the text: encoding with `surrogateescape` gives them back. A context manager: the file is
    opened, and its compression and encoding are told from its first bytes, on entering.

    Args:
        source: A regular file, a named pipe, or an open binary stream, which stays open.
        encoding: A codec's name; None for UTF-8 unless a byte-order mark says UTF-16.
        max_line: Longest line, in bytes of UTF-8 without its end.
        max_size: Most bytes that may come out of a compressed file.
        span: The part of a splittable file to read; None for all of it.
        block_bytes: How much is read, or unpacked, at a time.

    Attributes:
        compression: `gzip`, `bzip2`, `xz`, `zstd` or None; known after entering.
        encoding: The codec's own name; known after entering.
        is_splittable: Whether the file may be cut into spans; known after entering.
        facts: What identified the content when it was opened; None for a pipe. Readers of spans of one file agree on it.
    """

    def __init__(
        self,
        source: Path | BinaryIO,
        *,
        encoding: str | None = None,
        max_line: int = MAX_LINE,
        max_size: int = MAX_SIZE,
        span: Span | None = None,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        self._given = source
        self._asked_encoding = codec_name(encoding) if encoding is not None else None
        self._max_line = max_line
        self._max_size = max_size
        self._span = span
        self._block_bytes = block_bytes
        self._offset = 0
        self.compression: str | None = None
        self.encoding = self._asked_encoding or UTF_8
        self.is_splittable = False
        self.facts: Facts | None = None

    def __enter__(self) -> Self:
        """Open and look at the first bytes.

        Raises:
            BadInput: Not a file, not there, not readable, or corrupt from the start.
            WorldError: The system said no.
        """
        self._source = Source(self._given)
        try:
            self.facts = self._source.facts
            self._blocks = self._prepared()
        except BaseException:
            self._source.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._source.close()

    @property
    def size(self) -> int | None:
        """Raw bytes of the whole file; None for a pipe."""
        return self.facts.size if self.facts is not None else None

    @property
    def raw_bytes(self) -> int:
        """Raw bytes read so far; of a span only its own, so that the spans of a file add up to its size."""
        position = self._source.position
        if self._span is None:
            return position
        return max(0, min(position, self._span.end) - self._span.start)

    def __iter__(self) -> Iterator[list[str] | LongLine]:
        """Read to the end, then make sure that the file held still.

        Raises:
            BadInput: The file is truncated, corrupt, too big, not in its encoding, or changed while it was read. What was
                given out until then is worth nothing.
            WorldError: The system said no.
        """
        cutter = LineCutter(self._offset, self._max_line)
        feed = cutter.feed
        try:
            for block in self._blocks:
                yield from feed(block)
            yield from cutter.finish()
        except BadInput:
            # A file that somebody writes to may look truncated or corrupt: the cause is the better message.
            self._source.check_unchanged()
            raise
        self._source.check_unchanged()

    def _prepared(self) -> Iterator[bytes]:
        """Look at the first bytes; give all bytes to be cut into lines, as UTF-8, and note where they begin."""
        source, span = self._source, self._span
        blocks = source.blocks(self._block_bytes)
        if span is None or span.start == 0:
            head, blocks = _peek(blocks, _FIRST_BYTES)
        else:
            head = source.first_bytes(START_BYTES)
        form = told_by(head)
        self.is_splittable = source.is_path and form is None and self._encoding_told_by(head) == UTF_8
        if span is not None:
            if not self.is_splittable:
                raise InvariantBroken("a span was asked of a file that cannot be cut", source.where)
            if span.start > 0:
                source.move_to(span.start - 1)
                self._offset, blocks = _from_first_line(blocks, span)
                return _until_last_line(blocks, self._offset, span)
        if form is not None:
            self.compression = form.name
            packed = chain((head,), blocks)
            unpacked = decompress(form, packed, max_size=self._max_size, step_bytes=self._block_bytes, where=source.where)
            head, blocks = _peek(unpacked, BYTE_ORDER_MARKS)
        self.encoding = self._encoding_told_by(head)
        if self.encoding != UTF_8:
            return transcode(chain((head,), blocks), self.encoding, where=source.where)
        if head.startswith(codecs.BOM_UTF8):
            self._offset = len(codecs.BOM_UTF8)
            head = head[self._offset :]
        blocks = chain((head,), blocks)
        return blocks if span is None else _until_last_line(blocks, self._offset, span)

    def _encoding_told_by(self, head: bytes) -> str:
        if self._asked_encoding is not None:
            return self._asked_encoding
        return next((name for mark, name in BYTE_ORDER_MARKS.items() if head.startswith(mark)), UTF_8)


def _peek(blocks: Iterator[bytes], starts: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Read until it is certain whether one of `starts` begins the bytes; not more, since a pipe may hold no more yet."""
    head = b""
    for block in blocks:
        head += block
        if not any(len(head) < len(start) and start.startswith(head) for start in starts):
            break
    return head, blocks


def _from_first_line(blocks: Iterator[bytes], span: Span) -> tuple[int, Iterator[bytes]]:
    """Drop what comes before the first line of a span; its blocks begin one byte earlier, which may be a newline.

    Returns:
        The offset of the first line, and the blocks from there; none, if no line starts in the span.
    """
    position = span.start - 1
    for block in blocks:
        newline = block.find(b"\n")
        if newline >= 0:
            first = position + newline + 1
            return (first, chain((block[newline + 1 :],), blocks)) if first < span.end else (first, iter(()))
        position += len(block)
        # Not one byte earlier, although a newline there would be of no use: the spans' `raw_bytes` add up to the file's size.
        if position >= span.end:
            break
    return position, iter(())


def _until_last_line(blocks: Iterator[bytes], position: int, span: Span) -> Iterator[bytes]:
    """Give blocks up to the end of the last line that starts in the span; the first one begins a line at `position`."""
    for block in blocks:
        after = position + len(block)
        if after >= span.end:
            # A newline at the last byte of the span, or after it, ends a line of ours, and the next line is not.
            newline = block.find(b"\n", max(0, span.end - 1 - position))
            if newline >= 0:
                yield block[: newline + 1]
                return
        yield block
        position = after

"""However the bytes are cut into blocks and spans, the lines are those of the plain model."""

from __future__ import annotations

import gzip
import io
import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from linemill.files import LongLine, Reader, spans
from linemill.files.lines import LineCutter

# Pieces that matter: both line ends, lone returns, other "line breaks", whole and broken characters, NUL. No mark of an
# encoding or of an archive can be made of them.
PIECES = [
    b"a",
    b"bc",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xc3\xa9",
    b"\xc3",
    b"\x80",
    b"\xe2\x80\xa8",
    b"\xc2\x85",
    b"\x0b",
    b"wide" * 5,
]
LIMITS = st.integers(1, 30) | st.just(2**20)
data_of_pieces = st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join)


def model(data: bytes, max_line: int) -> list[str | LongLine]:
    """Split the whole text at once."""
    found: list[str | LongLine] = []
    offset = 0
    pieces = data.split(b"\n")
    for number, piece in enumerate(pieces):
        is_ended = number < len(pieces) - 1
        line = piece.removesuffix(b"\r") if is_ended else piece
        if is_ended or line:
            is_long = len(line) > max_line
            found.append(LongLine(offset, len(line)) if is_long else line.decode("utf-8", "surrogateescape"))
        offset += len(piece) + 1
    return found


def flat(items: list[list[str] | LongLine]) -> list[str | LongLine]:
    return [line for item in items for line in (item if isinstance(item, list) else [item])]


@given(data=data_of_pieces, block_bytes=st.integers(1, 50), max_line=LIMITS)
def test_blocks_cut_anywhere_give_the_same_lines(data, block_bytes, max_line):
    with Reader(io.BytesIO(data), block_bytes=block_bytes, max_line=max_line) as reader:
        items = list(reader)
    assert flat(items) == model(data, max_line)
    assert all(items)


@given(data=data_of_pieces, times=st.sampled_from([1, 70]), cuts=st.lists(st.integers(0, 200)), max_line=LIMITS)
def test_blocks_of_any_sizes_even_empty_ones_give_the_same_lines(data, times, cuts, max_line):
    data *= times  # many returns in one block are taken in another way
    cutter = LineCutter(0, max_line)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    items = [item for start, end in pairwise(edges) for item in cutter.feed(data[start:end])]
    assert flat(items + cutter.finish()) == model(data, max_line)


@given(
    data=data_of_pieces,
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    sizes=st.tuples(st.integers(1, 60), st.integers(1, 50), st.integers(1, 30)),
)
def test_spans_of_any_size_give_each_line_once_and_in_order(data, mark, sizes):
    span_bytes, block_bytes, max_line = sizes
    shifted = [
        LongLine(line.offset + len(mark), line.length) if isinstance(line, LongLine) else line for line in model(data, max_line)
    ]
    with tempfile.NamedTemporaryFile() as file:
        file.write(mark + data)
        file.flush()
        found: list[str | LongLine] = []
        for span in spans(len(mark + data), span_bytes):
            with Reader(Path(file.name), span=span, block_bytes=block_bytes, max_line=max_line) as reader:
                found += flat(list(reader))
    assert found == shifted


@given(data=data_of_pieces, cut=st.integers(0, 500), block_bytes=st.integers(1, 50), max_line=LIMITS)
def test_members_and_steps_of_any_size_give_the_same_lines(data, cut, block_bytes, max_line):
    packed = gzip.compress(data[:cut]) + gzip.compress(data[cut:])
    with Reader(io.BytesIO(packed), block_bytes=block_bytes, max_line=max_line) as reader:
        assert flat(list(reader)) == model(data, max_line)


@given(
    text=st.text(st.sampled_from("ab\r\né日🎉\u2028\ufeff"), max_size=80),
    encoding=st.sampled_from(["utf-16-le", "utf-16-be"]),
    block_bytes=st.integers(1, 50),
)
def test_utf16_gives_the_same_lines_as_utf8(text, encoding, block_bytes):
    with Reader(io.BytesIO(("\ufeff" + text).encode(encoding)), block_bytes=block_bytes) as reader:
        assert flat(list(reader)) == model(text.encode(), 1000)

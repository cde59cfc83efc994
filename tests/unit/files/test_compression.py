from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import zlib
from collections.abc import Callable

import pytest

from linemill.errors import BadInput
from linemill.files import Reader

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
}
TEXT = b"".join(b"line %d of the log\r\n" % number for number in range(20_000)) + b"last"
LINES = [line.removesuffix("\r") for line in TEXT.decode().split("\n")]
SKIPPABLE = b"\x5a\x2a\x4d\x18\x04\x00\x00\x00note"

each = pytest.mark.parametrize("name", list(PACK))


@pytest.fixture
def refused(read) -> Callable[..., BadInput]:
    """The reason why these bytes are refused."""

    def apply(data: bytes, **options: int) -> BadInput:
        with pytest.raises(BadInput) as caught:
            read(data, **options)
        return caught.value

    return apply


@each
@pytest.mark.parametrize("block_bytes", [pytest.param(1, marks=pytest.mark.slow), 1000, 262_144])
def test_a_compressed_file_is_told_by_its_content(write, lines_of, name, block_bytes):
    packed = PACK[name](TEXT)
    with Reader(write(packed), block_bytes=block_bytes) as reader:
        assert reader.compression == name
        assert not reader.is_splittable
        assert lines_of(reader) == LINES
        assert reader.raw_bytes == len(packed)


@pytest.mark.slow
@each
def test_several_members_are_one_text(read, name):
    pack = PACK[name]
    data = pack(TEXT[:100_001]) + pack(b"") + pack(TEXT[100_001:])
    for block_bytes in (1, 262_144):
        assert read(data, block_bytes=block_bytes) == LINES


@each
def test_a_compressed_pipe_needs_no_seeking(name):
    reading, writing = os.pipe()
    os.write(writing, PACK[name](b"a\nb\n"))
    os.close(writing)
    with os.fdopen(reading, "rb") as stream, Reader(stream) as reader:
        assert list(reader) == [["a", "b"]]


@each
def test_an_empty_text_has_no_lines(read, name):
    assert read(PACK[name](b"")) == []


@each
def test_byte_order_marks_are_seen_inside(read, name):
    assert read(PACK[name]("\ufeffa\nü".encode()), block_bytes=1) == ["a", "ü"]
    assert read(PACK[name]("\ufeffa\nü".encode("utf-16-be")), block_bytes=1) == ["a", "ü"]


@each
def test_a_file_cut_anywhere_is_truncated(refused, name):
    packed = PACK[name](TEXT)
    for length in (len(packed) - 1, len(packed) - 5, len(packed) // 2, 20):
        assert refused(packed[:length]).code == "truncated"


@each
def test_a_second_member_cut_short_is_truncated(refused, name):
    packed = PACK[name](b"a\n")
    assert refused(packed + packed[:-3]).code == "truncated"
    assert refused(packed + packed[:2]).code == "truncated"


@each
def test_a_flipped_bit_is_corrupt(refused, name):
    packed = bytearray(PACK[name](TEXT))
    packed[len(packed) // 2] ^= 0x10
    assert refused(bytes(packed)).code in {"corrupt", "truncated"}


def test_a_wrong_checksum_is_corrupt(refused):
    packed = bytearray(gzip.compress(TEXT))
    packed[-8] ^= 1
    assert refused(bytes(packed)).code == "corrupt"
    frame = bytearray(PACK["zstd"](TEXT))
    frame[-1] ^= 1
    assert refused(bytes(frame)).code == "corrupt"


@each
@pytest.mark.parametrize("garbage", [b"G", b"garbage", b"\0\0\0\0x"])
def test_trailing_garbage_is_corrupt(refused, name, garbage):
    for block_bytes in (1, 262_144):
        error = refused(PACK[name](b"a\n") + garbage, block_bytes=block_bytes)
        assert error.code == "corrupt"
        assert f"the {name} file is corrupt: something else follows its end" in str(error)


def test_zero_bytes_after_gzip_are_padding(read):
    packed = gzip.compress(b"a\n")
    for block_bytes in (1, 262_144):
        assert read(packed + bytes(513), block_bytes=block_bytes) == ["a"]
        assert read(packed + bytes(7) + packed, block_bytes=block_bytes) == ["a", "a"]


def test_zero_bytes_after_xz_are_padding_by_fours(read, refused):
    packed = lzma.compress(b"a\n")
    for block_bytes in (1, 262_144):
        assert read(packed + bytes(8) + packed + bytes(4), block_bytes=block_bytes) == ["a", "a"]
        assert refused(packed + bytes(3), block_bytes=block_bytes).code == "corrupt"
        assert refused(packed + bytes(2) + packed, block_bytes=block_bytes).code == "corrupt"


@pytest.mark.parametrize("name", ["bzip2", "zstd"])
def test_zero_bytes_after_others_are_garbage(refused, name):
    assert refused(PACK[name](b"a\n") + bytes(4)).code == "corrupt"


def test_skippable_frames_of_zstd_are_skipped(read, refused):
    frame = PACK["zstd"](b"a\n")
    assert read(SKIPPABLE + frame + SKIPPABLE + frame) == ["a", "a"]
    assert read(SKIPPABLE) == []
    assert refused(SKIPPABLE + b"text").code == "corrupt"
    assert refused(SKIPPABLE[:-1]).code == "truncated"


@pytest.mark.parametrize("text", ["BZh", "BZh9", "BZh91 is a bus\n", "BZh91AY&S", "P*M", "\x1f"])
def test_text_that_begins_like_an_archive_is_text(read, text):
    assert read(text.encode(), block_bytes=1) == text.splitlines()


@each
def test_more_than_the_largest_size_is_too_big(read, refused, name):
    packed = PACK[name](TEXT)
    assert read(packed, max_size=len(TEXT)) == LINES
    assert refused(packed, max_size=len(TEXT) - 1).code == "too_big"


@pytest.mark.slow
@each
def test_a_bomb_is_refused_by_its_ratio(refused, name):
    if name == "gzip":  # which cannot do much more than 1000 to 1: several layers of blank lines would be needed
        deflate = zlib.compressobj(9, wbits=31)
        packed = deflate.compress(bytes(300 * 2**20)) + deflate.flush()
    else:
        packed = PACK[name](bytes(130 * 2**20))
    assert refused(packed, max_line=100).code == "ratio"


@pytest.mark.slow
def test_a_high_ratio_is_fine_up_to_a_hundred_mebibytes(read):
    (line,) = read(lzma.compress(bytes(99 * 2**20)), max_line=100)
    assert line.length == 99 * 2**20


def test_an_archive_that_asks_for_too_much_memory_is_refused(refused):
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 512 * 2**20}]
    compressor = lzma.LZMACompressor(lzma.FORMAT_XZ, filters=[{**filters[0], "dict_size": 2**20}])
    packed = bytearray(compressor.compress(b"a\n") + compressor.flush())
    header = 12  # of the stream; in the block header the dictionary size is the byte after the filter's id and length
    place = packed.index(b"\x21\x01", header) + 2
    packed[place] = 34  # 512 MiB
    end = header + (packed[header] + 1) * 4
    packed[end - 4 : end] = zlib.crc32(bytes(packed[header : end - 4])).to_bytes(4, "little")
    assert refused(bytes(packed)).code == "too_big"


def test_a_file_that_changes_is_said_to_change_and_not_to_be_truncated(write, refused_after):
    path = write(gzip.compress(os.urandom(500_000)))
    with Reader(path, block_bytes=1000) as reader:
        assert refused_after(reader, lambda: os.truncate(path, 100_000)).code == "changed"


def test_reading_goes_on_after_an_empty_step():
    # A gzip member whose output ends exactly where a step does: the next step gives nothing and is not the end.
    packed = gzip.compress(b"x" * 64) + gzip.compress(b"\ny")
    with Reader(io.BytesIO(packed), block_bytes=32) as reader:
        assert list(reader) == [["x" * 64], ["y"]]

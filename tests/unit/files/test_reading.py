from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from linemill.errors import BadInput, InvariantBroken, UsageError, WorldError
from linemill.files import LongLine, Reader, Span, spans
from linemill.files import source as source_module


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"\r\n", [""]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"a\nb\r", ["a", "b\r"]),
        (b"a\r\r\nb", ["a\r", "b"]),
        (b"a\rb\nc", ["a\rb", "c"]),
        (b"\r\r\n\n\r", ["\r", "", "\r"]),
        ("a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g\n".encode(), ["a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"]),
        (b"a\x00b\n\x00\n", ["a\x00b", "\x00"]),
        ("grün 日本 🎉\n".encode(), ["grün 日本 🎉"]),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, 2, 3, 5, 4096])
def test_a_line_ends_at_newline_or_return_newline_and_at_nothing_else(read, data, lines, block_bytes):
    assert read(data, block_bytes=block_bytes) == lines


def test_every_list_holds_a_line(write):
    with Reader(write(b"a\n\nb\n\nlast"), block_bytes=1) as reader:
        assert all(reader)


def test_bytes_that_are_not_utf8_come_back_unchanged(read):
    data = bytes(range(256)).replace(b"\n", b"").replace(b"\r", b"") + b"\xed\xa0\x80\xc3"
    (line,) = read(data)
    assert line.encode("utf-8", "surrogateescape") == data


def test_a_utf8_byte_order_mark_is_dropped_at_the_start_only(read):
    assert read("\ufeffa\n\ufeffb\n".encode()) == ["a", "\ufeffb"]
    assert read("\ufeff".encode()) == []
    assert read("\ufeff\n".encode(), block_bytes=1) == [""]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("block_bytes", [1, 3, 4096])
def test_utf16_is_told_by_its_byte_order_mark(write, encoding, block_bytes, lines_of):
    path = write("\ufeffgrün\r\n日本 🎉\nlast".encode(encoding))
    with Reader(path, block_bytes=block_bytes) as reader:
        assert reader.encoding == encoding
        assert not reader.is_splittable
        assert lines_of(reader) == ["grün", "日本 🎉", "last"]


def test_a_newline_byte_inside_a_utf16_character_ends_no_line(read):
    assert read("\ufeffa\u0a0a\u0d0ab\n".encode("utf-16-le")) == ["a\u0a0a\u0d0ab"]


def test_an_encoding_that_is_said_is_used(read):
    assert read("größe\r\nweiß".encode("latin-1"), encoding="latin-1", block_bytes=2) == ["größe", "weiß"]
    assert read("\ufeffa\n".encode("utf-16-le"), encoding="UTF-16LE") == ["a"]
    assert read("a\nb".encode("utf-16"), encoding="utf-16", block_bytes=1) == ["a", "b"]


def test_utf8_that_is_said_is_read_as_utf8_that_is_not(read):
    assert read(b"\xef\xbb\xbfa\xff\n", encoding="UTF8") == ["a\udcff"]
    assert read(b"\xff\xfea\n", encoding="utf-8") == ["\udcff\udcfea"]
    assert read(b"\xff\xfea\n", encoding="latin-1") == ["ÿþa"]


@pytest.mark.parametrize("block_bytes", [1, 2, 3, 4096])
@pytest.mark.parametrize(
    ("data", "encoding", "offset"),
    [
        (b"\xff\xfea\x00\n\x00\x00\xdcb\x00", None, 6),
        (b"\xff\xfea\x00b", None, 4),
        (b"ab\xc3\xa9", "ascii", 2),
        (b"ok\x81\n", "cp1252", 2),
        (b"ok\xff\xff\n", "shift_jis", 2),
        (b"ok\xa4\xa2\x8f", "euc_jp", 4),
    ],
)
def test_bytes_that_cannot_be_decoded_are_refused_with_their_place(read, data, encoding, offset, block_bytes):
    with pytest.raises(BadInput, match=f"at byte {offset} ") as caught:
        read(data, encoding=encoding, block_bytes=block_bytes)
    assert caught.value.code == "encoding"


@pytest.mark.parametrize("encoding", ["no-such", "hex", "rot13", "undefined"])
def test_an_encoding_that_is_none_for_text_is_refused(encoding):
    with pytest.raises(UsageError, match=encoding):
        Reader(Path("x"), encoding=encoding)


@pytest.mark.parametrize("block_bytes", [1, 3, 7, 4096])
def test_a_line_over_the_limit_is_given_by_reference(read, block_bytes):
    data = b"four\n" + b"x" * 5 + b"\r\n" + b"four\r\n" + b"y" * 30 + b"\nab\n" + b"z" * 9
    expected = ["four", LongLine(5, 5), "four", LongLine(18, 30), "ab", LongLine(52, 9)]
    assert read(data, max_line=4, block_bytes=block_bytes) == expected


@pytest.mark.parametrize("block_bytes", [1, 4096])
def test_a_return_that_ends_the_file_belongs_to_the_line(read, block_bytes):
    assert read(b"four\r", max_line=4, block_bytes=block_bytes) == [LongLine(0, 5)]
    assert read(b"four\r", max_line=5, block_bytes=block_bytes) == ["four\r"]


def test_the_limit_counts_bytes_and_not_characters(read):
    assert read("ää\nää!\n".encode(), max_line=4) == ["ää", LongLine(5, 5)]


def test_references_count_the_byte_order_mark(read):
    assert read(b"\xef\xbb\xbftoo long\nok\n", max_line=3) == [LongLine(3, 8), "ok"]


def test_progress_counts_raw_bytes_to_the_end(write):
    with Reader(write(b"ab\n" * 1000), block_bytes=64) as reader:
        assert reader.size == 3000
        seen = [reader.raw_bytes for _ in reader]
        assert seen == sorted(seen)
        assert reader.raw_bytes == 3000


def test_a_file_that_grows_while_it_is_read_is_refused(write, refused_after):
    path = write(b"a\nb\n")

    def grow() -> None:
        if path.stat().st_size < 10:
            path.write_bytes(path.read_bytes() + b"c\n")

    with Reader(path, block_bytes=2) as reader:
        assert refused_after(reader, grow).code == "changed"


def test_a_file_that_shrinks_while_it_is_read_is_refused(write, refused_after):
    path = write(b"a\n" * 100)
    with Reader(path, block_bytes=2) as reader:
        assert refused_after(reader, lambda: os.truncate(path, 50)).code == "changed"


def test_a_file_that_is_deleted_while_it_is_read_is_read_to_its_end(write):
    path = write(b"a\nb\n")
    with Reader(path, block_bytes=2) as reader:
        path.unlink()
        assert list(reader) == [["a"], ["b"]]


def test_a_named_pipe_is_read_like_standard_input(tmp_path, lines_of):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"a\nb\r\nc" * 50_000,))
    writer.start()
    with Reader(path) as reader:
        assert reader.size is None
        assert reader.facts is None
        assert not reader.is_splittable
        lines = lines_of(reader)
    writer.join()
    assert len(lines) == 100_001
    assert lines[:3] == ["a", "b", "ca"]


def test_a_stream_gives_lines_as_soon_as_they_are_there():
    reading, writing = os.pipe()
    os.write(writing, b"a\n")
    with os.fdopen(reading, "rb") as stream, Reader(stream) as reader:
        lines = iter(reader)
        assert next(lines) == ["a"]
        os.write(writing, b"b\n")
        assert next(lines) == ["b"]
        os.close(writing)
        assert list(lines) == []
        assert not stream.closed


def test_a_stream_in_memory_is_read_and_left_open():
    stream = io.BytesIO(b"a\nb")
    with Reader(stream) as reader:
        assert list(reader) == [["a"], ["b"]]
        assert reader.size is None
    assert not stream.closed


def test_a_link_to_a_file_is_followed(write, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(write(b"a\n"))
    with Reader(link) as reader:
        assert list(reader) == [["a"]]


def test_a_folder_a_device_and_a_socket_are_refused(tmp_path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for path, kind in ((tmp_path, "a folder"), (Path("/dev/zero"), "a device"), (tmp_path / "socket", "a socket")):
            with pytest.raises(BadInput, match=f"^this is {kind}, not a file") as caught, Reader(path):
                pass
            assert caught.value.code == "not_a_file"


def test_a_file_that_is_not_there_is_refused_by_its_shown_name(tmp_path):
    for path in (tmp_path / "no\nsuch.log", tmp_path / "no\0such.log"):
        with pytest.raises(BadInput, match=r"no\\(n|x00)such.log") as caught, Reader(path):
            pass
        assert caught.value.code == "vanished"


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (PermissionError(13, "Permission denied"), BadInput, "unreadable"),
        (OSError(5, "Input/output error"), WorldError, "world"),
        (OSError(116, "Stale file handle"), BadInput, "vanished"),
        (OSError(24, "Too many open files"), WorldError, "world"),
    ],
)
def test_what_the_system_says_on_opening_decides_whose_fault_it_is(write, monkeypatch, error, kind, code):
    def refuse(*_arguments: object) -> int:
        raise error

    path = write(b"a\n")
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(kind) as caught, Reader(path):
        pass
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("number", "kind", "code"), [(5, WorldError, "world"), (116, BadInput, "vanished"), (2, BadInput, "vanished")]
)
def test_what_the_system_says_while_reading_decides_whose_fault_it_is(number, kind, code):
    class Failing(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(number, os.strerror(number))
            return super().read1(3)

    with Reader(Failing(b"ab\ncd\n")) as reader, pytest.raises(kind) as caught:
        list(reader)
    assert caught.value.code == code


def test_spans_cut_a_file_without_gap_or_overlap():
    assert spans(0, 10) == []
    assert spans(10, 10) == [Span(0, 10)]
    assert spans(25, 10) == [Span(0, 10), Span(10, 20), Span(20, 25)]


def test_the_spans_of_a_file_give_each_line_once_and_add_up_to_its_bytes(write, lines_of):
    path = write(b"one\ntwo\r\n\nthree is longer than a span\nlast")
    size = path.stat().st_size
    for span_bytes in range(1, size + 2):
        lines: list[str] = []
        raw_bytes = 0
        for span in spans(size, span_bytes):
            with Reader(path, span=span, block_bytes=4) as reader:
                assert reader.is_splittable
                lines += lines_of(reader)
                raw_bytes += reader.raw_bytes
        assert lines == ["one", "two", "", "three is longer than a span", "last"]
        assert raw_bytes <= size


def test_a_span_owns_the_lines_that_start_in_it(write, lines_of):
    path = write(b"aa\nbb\ncc\n")
    for span, expected in (
        (Span(0, 1), ["aa"]),
        (Span(0, 3), ["aa"]),
        (Span(0, 4), ["aa", "bb"]),
        (Span(1, 3), []),
        (Span(3, 6), ["bb"]),
        (Span(4, 9), ["cc"]),
        (Span(7, 9), []),
    ):
        with Reader(path, span=span) as reader:
            assert lines_of(reader) == expected


class TestReadingAhead:
    @pytest.fixture
    def asked(self, monkeypatch):
        """What the kernel was asked to read: where from, and how much; in steps of ten bytes, a hundred ahead."""
        asked = []
        monkeypatch.setattr(source_module, "AHEAD_BYTES", 100)
        monkeypatch.setattr(source_module, "STEP_BYTES", 10)
        monkeypatch.setattr(os, "posix_fadvise", lambda _descriptor, offset, length, _advice: asked.append((offset, length)))
        return asked

    def test_those_who_read_one_span_after_the_other_ask_for_everything_once(self, write, lines_of, asked):
        path = write(b"a\n" * 100)
        for span in spans(200, 40):
            with Reader(path, span=span, block_bytes=2) as reader:
                lines_of(reader)
        assert (min(asked), max(asked)[0] >= 200) == ((110, 10), True)
        gaps = [following - (offset + length) for (offset, length), (following, _) in pairwise(sorted(asked))]
        assert set(gaps) <= {0, -1}  # a span is read from one byte before it

    def test_a_small_file_is_not_asked_for(self, write, lines_of, asked):
        with Reader(write(b"a\n" * 4), block_bytes=2) as reader:
            lines_of(reader)
        assert asked == []

    def test_a_file_system_that_cannot_is_read_all_the_same(self, write, lines_of, asked, monkeypatch):
        def refuse(*_arguments):
            raise OSError(22, "Invalid argument")

        monkeypatch.setattr(os, "posix_fadvise", refuse)
        with Reader(write(b"a\n" * 100), block_bytes=2) as reader:
            assert lines_of(reader) == ["a"] * 100


def test_a_byte_order_mark_belongs_to_the_first_span(write, lines_of):
    path = write(b"\xef\xbb\xbfa\nb\n")
    found = []
    for span in spans(7, 1):
        with Reader(path, span=span) as reader:
            found.append(lines_of(reader))
    assert found == [["a"], [], [], [], [], ["b"], []]


def test_a_long_line_over_several_spans_is_given_once(write):
    path = write(b"a\n" + b"x" * 100 + b"\nb\n")
    found = []
    for span in spans(105, 10):
        with Reader(path, span=span, max_line=20, block_bytes=7) as reader:
            found += list(reader)
    assert found == [["a"], LongLine(2, 100), ["b"]]


@pytest.mark.parametrize("data", [b"\x1f\x8b\x08 and so on", b"\xff\xfea\x00\n\x00"])
@pytest.mark.parametrize("span", [Span(0, 4), Span(2, 4)])
def test_a_file_that_cannot_be_cut_has_no_spans(write, data, span):
    with pytest.raises(InvariantBroken), Reader(write(data), span=span):
        pass


def test_opened_files_are_closed_again(write):
    path = write(b"a\n")
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        with Reader(path) as reader:
            list(reader)
        with pytest.raises(BadInput), Reader(path.parent):
            pass
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.slow
def test_a_line_of_five_gigabytes_takes_no_memory(tmp_path):
    path = tmp_path / "nul.log"
    with path.open("wb") as file:
        file.truncate(5 * 2**30)
    program = (
        "import sys, pathlib; from linemill.files import Reader\n"
        "with Reader(pathlib.Path(sys.argv[1])) as reader: print(list(reader))\n"
        "print([line for line in open('/proc/self/status') if line.startswith('VmHWM')][0].split()[1])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3] / "src")}
    done = subprocess.run([sys.executable, "-c", program, str(path)], env=environment, capture_output=True, text=True, check=True)
    found, peak_kib = done.stdout.splitlines()
    assert found == "[LongLine(offset=0, length=5368709120)]"
    assert int(peak_kib) < 50 * 2**10

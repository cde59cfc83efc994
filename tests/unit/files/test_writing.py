from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest

from linemill.errors import WorldError
from linemill.files import Writer


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    path = tmp_path / ".staged"
    path.touch()
    return path


def test_everything_written_is_in_the_file_in_order(staged):
    pieces = [b"%d\n" % number * (number % 50) for number in range(2000)] + [b"x" * 3_000_000, b"", b"end"]
    with Writer(staged) as writer:
        for piece in pieces:
            writer.write(piece)
    assert staged.read_bytes() == b"".join(pieces)
    assert writer.bytes == staged.stat().st_size


def test_the_checksum_is_that_of_the_file(staged, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"other" * 100_000)
    with Writer(staged, with_crc=True) as writer:
        writer.write(b"a\n")
        writer.append_from(other)
        writer.write(b"b\n")
    assert writer.crc == zlib.crc32(staged.read_bytes())


def test_what_an_earlier_try_left_is_gone(staged):
    staged.write_bytes(b"left by a worker that was killed")
    with Writer(staged) as writer:
        writer.write(b"new\n")
    assert staged.read_bytes() == b"new\n"


def test_short_writes_are_continued(staged, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    with Writer(staged) as writer:
        writer.write(b"more than seven bytes\n" * 10)
    assert staged.read_bytes() == b"more than seven bytes\n" * 10


@pytest.mark.parametrize("size", [0, 10, 20_000_000])
def test_another_file_is_appended_whole(staged, tmp_path, size):
    other = tmp_path / "other"
    other.write_bytes(os.urandom(size))
    with Writer(staged) as writer:
        writer.write(b"before\n")
        assert writer.append_from(other) == size
        writer.write(b"after\n")
    assert staged.read_bytes() == b"before\n" + other.read_bytes() + b"after\n"
    assert writer.bytes == size + 13


def test_another_file_is_appended_where_the_kernel_cannot_copy(staged, tmp_path, monkeypatch):
    def refuse(*_arguments: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    other = tmp_path / "other"
    other.write_bytes(b"other\n" * 100_000)
    monkeypatch.setattr(os, "copy_file_range", refuse)
    with Writer(staged) as writer:
        assert writer.append_from(other) == 600_000
    assert staged.read_bytes() == other.read_bytes()
    assert writer.bytes == 600_000


def test_a_full_disk_is_said_with_a_way_out():
    writer = Writer(Path("/dev/full"))
    writer.write(b"a\n")
    with pytest.raises(WorldError) as caught:
        writer.close()
    assert caught.value.code == "disk_full"
    assert str(caught.value) == (
        "the output could not be staged: no space left on device [/dev/full]; free some space, or name another folder"
    )
    assert caught.value.may_retry


def test_after_an_error_nothing_more_is_written(staged):
    def fail() -> None:
        with Writer(staged) as writer:
            writer.write(b"half a result\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert staged.read_bytes() == b""


def test_a_staged_file_that_is_gone_or_a_link_is_refused(tmp_path):
    with pytest.raises(WorldError, match="no such file"):
        Writer(tmp_path / "gone")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    (tmp_path / "victim").write_bytes(b"kept")
    with pytest.raises(WorldError):
        Writer(tmp_path / "link")
    assert (tmp_path / "victim").read_bytes() == b"kept"

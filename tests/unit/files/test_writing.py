from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
import xxhash

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


@pytest.mark.parametrize("count", [0, 1, 3_000_000])
def test_length_and_checksum_are_those_of_the_file(staged, count):
    with Writer(staged) as writer:
        for piece in (b"a\n", b"other" * count, b"b\n"):
            writer.write(piece)
    data = staged.read_bytes()
    assert writer.piece == (len(data), xxhash.xxh3_64_hexdigest(data))


def test_a_file_is_made_with_the_permissions_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        Writer(tmp_path / "new").close()
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


def test_what_an_earlier_try_left_is_gone(staged):
    staged.write_bytes(b"left by a worker that was killed")
    with Writer(staged) as writer:
        writer.write(b"new\n")
    assert staged.read_bytes() == b"new\n"


@pytest.mark.parametrize("at_once", [7, 5000, 8192, 100_000])
@pytest.mark.parametrize("sizes", [(220,), (8192, 8192, 8192), (10_000, 1, 0, 20_000)])
def test_short_writes_are_continued(staged, monkeypatch, at_once, sizes):
    pieces = [random.Random(size).randbytes(size) for size in sizes]
    monkeypatch.setattr(os, "writev", lambda descriptor, rest: os.write(descriptor, b"".join(rest)[:at_once]))
    with Writer(staged) as writer:
        for piece in pieces:
            writer.write(piece)
    assert staged.read_bytes() == b"".join(pieces)


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


def test_a_link_in_its_place_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    (tmp_path / "victim").write_bytes(b"kept")
    with pytest.raises(WorldError):
        Writer(tmp_path / "link")
    assert (tmp_path / "victim").read_bytes() == b"kept"


def test_a_folder_that_is_gone_is_told(tmp_path):
    with pytest.raises(WorldError, match="no such file"):
        Writer(tmp_path / "gone" / "staged")

from __future__ import annotations

import errno
import os
import pickle
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from linemill.errors import BadInput, FileError, InvariantBroken, WorldError
from linemill.files import publishing, renaming
from linemill.files.publishing import MovedAway, TargetTaken, append, check_target, move_input, put_in_place, remove, sync

SOURCE = Path(__file__).resolve().parents[3] / "src"

ONE_STEP = """
import pathlib, sys
from linemill.files.publishing import append, move_input, put_in_place
step, staged, target, offset, length = sys.argv[1:]
if step == "append":
    append(pathlib.Path(staged), pathlib.Path(target), int(offset), int(length))
elif step == "put":
    put_in_place(pathlib.Path(staged), pathlib.Path(target), may_replace=False)
else:
    move_input(pathlib.Path(staged), pathlib.Path(target))
"""


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Make a file of these bytes."""

    def apply(name: str, data: bytes) -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return apply


@pytest.fixture(params=["renameat2", "link", "look"])
def renames(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The ways to rename without replacing, each on a system that has no better one."""
    way: str = request.param
    if way != "renameat2":
        monkeypatch.setattr(renaming, "from_libc", lambda name: None)
    if way == "look":
        monkeypatch.setattr(os, "link", _refusing(errno.EPERM))
    return way


def _refusing(number: int) -> Callable[..., None]:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def _killed_at(point: str, step: str, staged: Path, target: Path, offset: int = 0, length: int = 0) -> None:
    """Do one step in another process, which is killed at this point of it."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "LINEMILL_FAILPOINT": point}
    command = [sys.executable, "-c", ONE_STEP, step, *map(str, (staged, target, offset, length))]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL


@pytest.mark.usefixtures("renames")
def test_a_staged_file_becomes_its_target_and_doing_it_again_is_fine(file, tmp_path):
    staged = file(".staged", b"new\n")
    put_in_place(staged, tmp_path / "out", may_replace=False)
    assert not staged.exists()
    for may_replace in (False, True):
        put_in_place(staged, tmp_path / "out", may_replace=may_replace)
    assert (tmp_path / "out").read_bytes() == b"new\n"


@pytest.mark.usefixtures("renames")
def test_a_strangers_file_is_replaced_only_where_it_may_be(file, tmp_path):
    staged, target = file(".staged", b"new\n"), file("out", b"a stranger's\n")
    with pytest.raises(TargetTaken) as caught:
        put_in_place(staged, target, may_replace=False)
    assert caught.value.target == target
    assert caught.value.code == "target"
    assert pickle.loads(pickle.dumps(caught.value)).target == target
    assert target.read_bytes() == b"a stranger's\n"
    put_in_place(staged, target, may_replace=True)
    assert target.read_bytes() == b"new\n"
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("may_replace", [False, True])
def test_a_crash_between_link_and_unlink_is_mended(file, tmp_path, may_replace):
    staged = file(".staged", b"new\n")
    os.link(staged, tmp_path / "out")
    put_in_place(staged, tmp_path / "out", may_replace=may_replace)
    assert os.listdir(tmp_path) == ["out"]
    assert (tmp_path / "out").read_bytes() == b"new\n"


def test_a_link_is_replaced_and_what_it_points_to_stays(file, tmp_path):
    old = file("old", b"old\n")
    for name, points_to in (("link", "old"), ("broken", "nowhere")):
        (tmp_path / name).symlink_to(points_to)
        with pytest.raises(TargetTaken):
            put_in_place(file(".staged", b"new\n"), tmp_path / name, may_replace=False)
        put_in_place(tmp_path / ".staged", tmp_path / name, may_replace=True)
        assert not (tmp_path / name).is_symlink()
    assert old.read_bytes() == b"old\n"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("may_replace", [False, True])
def test_a_folder_a_pipe_and_a_device_are_not_replaced(file, tmp_path, may_replace):
    staged = file(".staged", b"new\n")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "device").symlink_to("/dev/null")
    for name, kind in (("pipe", "not a regular file"), ("folder", "a folder"), ("device", "not a regular file")):
        with pytest.raises(TargetTaken, match=f"its target is {kind}"):
            put_in_place(staged, tmp_path / name, may_replace=may_replace)
        with pytest.raises(TargetTaken):
            append(staged, tmp_path / name, 0, 4)
    assert staged.read_bytes() == b"new\n"


def test_what_is_gone_without_a_trace_is_said(tmp_path):
    with pytest.raises(WorldError) as caught:
        put_in_place(tmp_path / ".staged", tmp_path / "out", may_replace=True)
    assert caught.value.code == "staged_gone"
    with pytest.raises(WorldError) as caught:
        append(tmp_path / ".staged", tmp_path / "out", 0, 4)
    assert caught.value.code == "staged_gone"
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_not_taken_for_done(file, tmp_path):
    staged = file(".staged", b"new\n")
    with pytest.raises(WorldError, match="could not be published"):
        put_in_place(staged, tmp_path / "none" / "out", may_replace=False)
    with pytest.raises(WorldError, match="could not be appended"):
        append(staged, tmp_path / "none" / "out", 0, 4)
    with pytest.raises(WorldError, match="could not be moved"):
        move_input(staged, tmp_path / "none" / "in")
    assert staged.read_bytes() == b"new\n"


def test_names_that_no_file_can_have_are_refused_early(tmp_path):
    check_target(tmp_path / ("x" * 255))
    for name in ("x" * 256, "a\0b"):
        with pytest.raises(FileError, match="no file can have this name"):
            check_target(tmp_path / name)


def test_a_growing_output_gets_one_after_the_other(file, tmp_path):
    first, second, target = file(".1", b"a\nb\n"), file(".2", b"c\n"), tmp_path / "all.log"
    append(first, target, 0, 4)
    append(second, target, 4, 2, sync=False)
    assert target.read_bytes() == b"a\nb\nc\n"
    assert first.exists()
    assert second.exists()


def test_appending_again_adds_nothing_with_and_without_the_staged_file(file, tmp_path):
    first, second, target = file(".1", b"a\nb\n"), file(".2", b"c\n"), tmp_path / "all.log"
    append(first, target, 0, 4)
    append(second, target, 4, 2)
    for _ in range(2):
        append(first, target, 0, 4)
        append(second, target, 4, 2)
        first.unlink(missing_ok=True)
    assert target.read_bytes() == b"a\nb\nc\n"


@pytest.mark.parametrize("cut", range(7))
def test_a_torn_append_goes_on_where_it_was_torn(file, cut):
    staged, target = file(".staged", b"abcdef"), file("all.log", b"old\n" + b"abcdef"[:cut])
    append(staged, target, 4, 6)
    assert target.read_bytes() == b"old\nabcdef"


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (b"old\nX", "1 bytes at byte 4"),
        (b"old\nabX", "1 bytes at byte 6"),
        (b"old\nabXdefgh", "6 bytes at byte 6"),
    ],
)
def test_bytes_that_are_not_ours_are_kept_and_said(file, there, words):
    staged, target = file(".staged", b"abcdef"), file("all.log", there)
    with pytest.raises(WorldError, match=words) as caught:
        append(staged, target, 4, 6)
    assert caught.value.code == "foreign_bytes"
    assert caught.value.hint == "move the file away: a new one is begun"
    assert target.read_bytes() == there


def test_bytes_behind_ours_are_found_by_the_next_append(file):
    first, second, target = file(".1", b"abc"), file(".2", b"def"), file("all.log", b"abcX")
    append(first, target, 0, 3)
    with pytest.raises(WorldError) as caught:
        append(second, target, 3, 3)
    assert caught.value.code == "foreign_bytes"
    assert target.read_bytes() == b"abcX"


def test_what_somebody_writes_at_this_very_moment_is_not_written_over(file, monkeypatch):
    staged, target = file(".staged", b"abcdef"), file("all.log", b"old\n")

    def disturb(point: str) -> None:
        if point == "append.half":
            with open(target, "ab") as stranger:
                stranger.write(b"XY")

    monkeypatch.setattr(publishing, "reach", disturb)
    with pytest.raises(WorldError, match="2 bytes at byte 7"):
        append(staged, target, 4, 6)
    assert target.read_bytes() == b"old\nabcXYdef"


def test_a_growing_output_that_is_missing_or_cut_off_is_not_made_up(file, tmp_path):
    staged, target = file(".staged", b"abc"), tmp_path / "all.log"
    with pytest.raises(MovedAway) as caught:
        append(staged, target, 4, 3)
    assert caught.value.target == target
    assert pickle.loads(pickle.dumps(caught.value)).target == target
    assert not target.exists()
    target.write_bytes(b"old")
    for _ in range(2):
        with pytest.raises(WorldError, match="3 bytes are left of 4") as cut_off:
            append(staged, target, 4, 3)
        assert cut_off.value.code == "cut_off"
    staged.unlink()
    with pytest.raises(WorldError) as gone:
        append(staged, target, 2, 3)
    assert gone.value.code == "staged_gone"
    assert target.read_bytes() == b"old"


def test_a_growing_output_is_not_written_through_a_link(file, tmp_path):
    staged, real = file(".staged", b"abc"), file("real", b"")
    for points_to in (real, tmp_path / "nowhere"):
        (tmp_path / "all.log").unlink(missing_ok=True)
        (tmp_path / "all.log").symlink_to(points_to)
        with pytest.raises(TargetTaken, match="its target is a link"):
            append(staged, tmp_path / "all.log", 0, 3)
    assert real.read_bytes() == b""
    assert not (tmp_path / "nowhere").exists()


def test_a_staged_file_of_another_length_is_no_output(file, tmp_path):
    with pytest.raises(InvariantBroken, match="2 bytes are staged, and 3 were committed"):
        append(file(".staged", b"ab"), tmp_path / "all.log", 0, 3)


def test_permissions_of_a_new_growing_output_come_from_the_umask(file, tmp_path):
    before = os.umask(0o027)
    try:
        append(file(".staged", b"a\n"), tmp_path / "all.log", 0, 2)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "all.log").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("number", "code", "hint"),
    [
        (errno.ENOSPC, "disk_full", "free some space"),
        (errno.EDQUOT, "disk_full", "free some of the quota"),
        (errno.EROFS, "cannot_write", "name a folder that can be written"),
        (errno.EACCES, "cannot_write", "give write permission"),
        (errno.EIO, "cannot_write", "check the disk"),
    ],
)
def test_what_the_system_refuses_may_be_tried_again(file, tmp_path, monkeypatch, number, code, hint):
    staged = file(".staged", b"new\n")
    with monkeypatch.context() as refused:
        refused.setattr(os, "replace", _refusing(number))
        with pytest.raises(WorldError, match="the output could not be published") as caught:
            put_in_place(staged, tmp_path / "out", may_replace=True)
    assert (caught.value.code, caught.value.may_retry, caught.value.where) == (code, True, str(tmp_path / "out"))
    assert caught.value.hint.startswith(hint)
    put_in_place(staged, tmp_path / "out", may_replace=True)
    assert (tmp_path / "out").read_bytes() == b"new\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGALRM])
def test_a_signal_waits_until_what_has_begun_is_whole(number):
    heard: list[str] = []
    before = signal.signal(number, lambda *_: heard.append("signal"))
    try:
        with publishing.undisturbed():
            signal.raise_signal(number)
            heard.append("whole")
    finally:
        signal.signal(number, before)
    assert heard == ["whole", "signal"]


def test_what_is_whole_within_something_larger_lets_no_signal_in_before_that_is_whole():
    heard: list[str] = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("signal"))
    try:
        with publishing.undisturbed():
            with publishing.undisturbed():
                signal.raise_signal(signal.SIGTERM)
            heard.append("all of it")
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == ["all of it", "signal", "signal"]


def test_names_as_long_as_the_system_allows_are_published(file, tmp_path):
    put_in_place(file(".1", b"a\n"), tmp_path / ("x" * 255), may_replace=False)
    append(file(".2", b"b\n"), tmp_path / ("y" * 255), 0, 2)
    assert (tmp_path / ("x" * 255)).read_bytes() == b"a\n"
    assert (tmp_path / ("y" * 255)).read_bytes() == b"b\n"


def test_a_full_disk_may_be_over_at_the_next_try(file, tmp_path, monkeypatch):
    staged = file(".staged", b"abc")
    with monkeypatch.context() as full:
        full.setattr(os, "write", _refusing(errno.ENOSPC))
        with pytest.raises(WorldError) as caught:
            append(staged, tmp_path / "all.log", 0, 3)
    assert caught.value.code == "disk_full"
    append(staged, tmp_path / "all.log", 0, 3)
    assert (tmp_path / "all.log").read_bytes() == b"abc"


@pytest.mark.parametrize("point", ["append.begun", "append.half", "append.done"])
def test_an_append_that_is_killed_is_done_once(file, tmp_path, point):
    staged, target = file(".staged", b"x" * 1_000_001), file("all.log", b"old\n")
    _killed_at(point, "append", staged, target, 4, 1_000_001)
    append(staged, target, 4, 1_000_001)
    assert target.read_bytes() == b"old\n" + b"x" * 1_000_001


def test_a_put_and_a_move_that_are_killed_are_done_once(file, tmp_path):
    staged, source = file(".staged", b"new\n"), file("in", b"input\n")
    _killed_at("put.done", "put", staged, tmp_path / "out")
    _killed_at("input.moved", "move", source, tmp_path / "processed")
    put_in_place(staged, tmp_path / "out", may_replace=False)
    move_input(source, tmp_path / "processed")
    assert (tmp_path / "out").read_bytes() == b"new\n"
    assert (tmp_path / "processed").read_bytes() == b"input\n"
    assert sorted(os.listdir(tmp_path)) == ["out", "processed"]


@pytest.mark.usefixtures("renames")
def test_an_input_is_never_moved_over_another_file(file, tmp_path):
    source, place = file("in", b"mine\n"), file("place", b"another\n")
    with pytest.raises(FileError, match="there is another file of this name") as caught:
        move_input(source, place)
    assert caught.value.code == "target"
    assert (source.read_bytes(), place.read_bytes()) == (b"mine\n", b"another\n")
    place.unlink()
    move_input(source, place)
    move_input(source, place)
    assert place.read_bytes() == b"mine\n"
    assert os.listdir(tmp_path) == ["place"]


def test_an_input_that_is_nowhere_is_said(tmp_path):
    with pytest.raises(BadInput) as caught:
        move_input(tmp_path / "in", tmp_path / "place")
    assert caught.value.code == "vanished"


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on what is told to be another file system."""
    folder = tmp_path / "far"
    folder.mkdir()

    def rename(source: Path, place: Path) -> None:
        if source.parent != place.parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        renaming.rename_to_free(source, place)

    monkeypatch.setattr(publishing, "rename_to_free", rename)
    return folder


def test_an_input_goes_to_another_file_system_with_its_times_and_permissions(file, far):
    source = file("in", b"input\n" * 100_000)
    source.chmod(0o640)
    os.utime(source, ns=(1, 10**18))
    for _ in range(2):
        move_input(source, far / "in")
    assert not source.exists()
    assert (far / "in").read_bytes() == b"input\n" * 100_000
    facts = (far / "in").stat()
    assert (stat.S_IMODE(facts.st_mode), facts.st_mtime_ns) == (0o640, 10**18)
    assert os.listdir(far) == ["in"]


def test_a_copy_that_a_crash_left_half_or_whole_is_taken_up_again(file, far, monkeypatch):
    source = file("in", b"input\n")
    with monkeypatch.context() as crash:
        crash.setattr(publishing, "sync", _refusing(errno.EIO))
        with pytest.raises(WorldError):
            move_input(source, far / "in")
    assert len(os.listdir(far)) == 1
    with monkeypatch.context() as crash:
        crash.setattr(os, "unlink", _refusing_only(source))
        with pytest.raises(WorldError):
            move_input(source, far / "in")
    assert source.read_bytes() == (far / "in").read_bytes() == b"input\n"
    move_input(source, far / "in")
    assert not source.exists()
    assert os.listdir(far) == ["in"]


def _refusing_only(path: Path) -> Callable[[Path], None]:
    unlink = os.unlink

    def refuse(other: Path) -> None:
        if other == path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        unlink(other)

    return refuse


def test_another_file_on_another_file_system_stays_and_so_does_the_input(file, far):
    source = file("in", b"mine!\n")
    (far / "in").write_bytes(b"other\n")
    os.utime(far / "in", ns=(1, source.stat().st_mtime_ns))
    with pytest.raises(FileError, match="another file of this name"):
        move_input(source, far / "in")
    assert source.read_bytes() == b"mine!\n"
    assert (far / "in").read_bytes() == b"other\n"


def test_a_copy_for_which_there_is_no_room_leaves_nothing(file, far, monkeypatch):
    source = file("in", b"input\n")
    monkeypatch.setattr("shutil.copystat", _refusing(errno.ENOSPC))
    with pytest.raises(WorldError) as caught:
        move_input(source, far / "in")
    assert caught.value.code == "disk_full"
    assert source.read_bytes() == b"input\n"
    assert os.listdir(far) == []


def test_removing_again_is_fine_and_a_refusal_is_said(file, tmp_path):
    path = file("obsolete", b"")
    remove(path)
    remove(path)
    with pytest.raises(WorldError, match="could not be removed"):
        remove(tmp_path)


def test_few_are_synced_one_by_one_and_many_at_once(file, tmp_path, monkeypatch):
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(_name_of(descriptor)))
    monkeypatch.setattr(publishing, "from_libc", lambda name: lambda descriptor: synced.append(name))
    files = [file(str(number), b"") for number in range(12)]
    sync(files[:3], [tmp_path])
    assert synced == ["0", "1", "2", tmp_path.name]
    synced.clear()
    sync(files, [tmp_path])
    assert synced == ["syncfs"]
    synced.clear()
    monkeypatch.setattr(publishing, "from_libc", lambda name: None)
    sync(files, [tmp_path])
    assert synced == [*map(str, range(12)), tmp_path.name]


def _name_of(descriptor: int) -> str:
    return Path(os.readlink(f"/proc/self/fd/{descriptor}")).name


def test_the_system_syncs_files_and_folders_for_real(file, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    for count in (1, 20):
        sync([file(str(number), b"data") for number in range(count)], [tmp_path, tmp_path / "link"])


def test_what_cannot_be_synced_is_said(file, tmp_path, monkeypatch):
    for count in (1, 20):
        with pytest.raises(WorldError, match="could not be synced"):
            sync([tmp_path / str(number) for number in range(count)])
    monkeypatch.setattr(os, "fsync", _refusing(errno.EINVAL))
    sync([], [tmp_path])
    monkeypatch.setattr(os, "fsync", _refusing(errno.EIO))
    with pytest.raises(WorldError):
        sync([file("a", b"")])

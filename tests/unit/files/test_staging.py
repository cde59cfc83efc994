from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from linemill.errors import FileError, WorldError
from linemill.files import Stage, Staged, Writer, sweep

SOURCE = Path(__file__).resolve().parents[3] / "src"

HALF_A_RUN = """
import pathlib, sys
from linemill.files import Stage, Writer
stage = Stage()
staged = [stage.open(pathlib.Path(target)) for target in sys.argv[2:]]
for one in staged:
    with Writer(one.path) as writer:
        writer.write(b"new\\n")
if sys.argv[1] == "published":
    stage.publish(staged)
print("reached", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def publish(stage: Stage) -> Callable[[Path, bytes], Staged]:
    """Stage and publish one output."""

    def apply(target: Path, data: bytes) -> Staged:
        staged = stage.open(target)
        with Writer(staged.path) as writer:
            writer.write(data)
        stage.publish([staged])
        return staged

    return apply


@contextmanager
def _run_that_stops(step: str, *targets: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another run, that has come to a step and stays there until it is killed."""
    command = [sys.executable, "-c", HALF_A_RUN, step, *map(str, targets)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"reached\n"
        yield run
        run.kill()


def _hidden(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.startswith(".")]


def test_a_target_appears_whole_and_only_when_published(stage, tmp_path):
    target = tmp_path / "new" / "folder" / "out.log"
    staged = stage.open(target)
    with Writer(staged.path) as writer:
        writer.write(b"a\n")
    assert staged.path.parent == target.parent
    assert not target.exists()
    stage.publish([staged])
    assert target.read_bytes() == b"a\n"
    stage.close()
    assert os.listdir(target.parent) == ["out.log"]


def test_what_is_not_published_is_removed(tmp_path):
    with Stage() as stage:
        kept, left = stage.open(tmp_path / "kept"), stage.open(tmp_path / "left")
        stage.publish([kept])
        assert left.path.exists()
    assert os.listdir(tmp_path) == ["kept"]


def test_discarding_removes_at_once_and_may_be_repeated(stage, tmp_path):
    staged = stage.open(tmp_path / "out")
    stage.discard([staged])
    stage.discard([staged])
    assert not staged.path.exists()


def test_several_staged_files_may_have_one_target(stage, tmp_path):
    first, second = stage.open(tmp_path / "out"), stage.open(tmp_path / "out")
    assert first.path != second.path


def test_a_published_file_replaces_what_was_there(publish, tmp_path):
    target = tmp_path / "out"
    target.write_bytes(b"old and longer\n")
    target.chmod(0o600)
    publish(target, b"new\n")
    assert target.read_bytes() == b"new\n"


def test_permissions_come_from_the_umask(publish, tmp_path):
    before = os.umask(0o027)
    try:
        publish(tmp_path / "out", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640


def test_a_link_is_replaced_and_what_it_points_to_stays(publish, tmp_path):
    (tmp_path / "old").write_bytes(b"old\n")
    for name, points_to in (("link", "old"), ("broken", "nowhere")):
        link = tmp_path / name
        link.symlink_to(tmp_path / points_to)
        publish(link, b"new\n")
        assert not link.is_symlink()
        assert link.read_bytes() == b"new\n"
    assert (tmp_path / "old").read_bytes() == b"old\n"
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_a_pipe_and_a_device_are_not_replaced(stage, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/dev/null")
    for name, kind in (("pipe", "not a regular file"), ("folder", "a folder"), ("link", "not a regular file")):
        with pytest.raises(FileError) as caught:
            stage.open(tmp_path / name)
        assert str(caught.value) == (f"the output cannot be written: its target is {kind} [{tmp_path / name}]; name another file")
        assert caught.value.code == "target"


def test_a_file_in_the_way_of_a_folder_is_said(stage, tmp_path):
    (tmp_path / "file").write_bytes(b"kept")
    for target in (tmp_path / "file" / "out", tmp_path / "file" / "deeper" / "out"):
        with pytest.raises(FileError, match="something that is no folder is in its way") as caught:
            stage.open(target)
        assert caught.value.code == "target"
    assert (tmp_path / "file").read_bytes() == b"kept"


def test_a_failure_before_the_first_rename_publishes_nothing(stage, tmp_path):
    first, second = stage.open(tmp_path / "first"), stage.open(tmp_path / "second")
    (tmp_path / "second").mkdir()
    with pytest.raises(FileError):
        stage.publish([first, second])
    assert not (tmp_path / "first").exists()
    (tmp_path / "second").rmdir()
    second.path.unlink()
    with pytest.raises(WorldError):
        stage.publish([first, second])
    assert not (tmp_path / "first").exists()


@pytest.mark.parametrize(("number", "code"), [(28, "disk_full"), (122, "disk_full"), (30, "world"), (13, "world"), (5, "world")])
def test_what_the_system_refuses_may_be_tried_again(stage, tmp_path, monkeypatch, number, code):
    def refuse(*_arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(WorldError) as caught:
        stage.open(tmp_path / "out")
    assert caught.value.code == code
    assert str(tmp_path / "out") in str(caught.value)


def test_names_as_long_as_the_system_allows_work(publish, tmp_path):
    target = tmp_path / ("x" * 255)
    publish(target, b"a\n")
    assert target.read_bytes() == b"a\n"


def test_a_name_longer_than_the_system_allows_is_refused_before_anything_is_staged(stage, tmp_path):
    with pytest.raises(FileError, match="no file can have this name") as caught:
        stage.open(tmp_path / ("x" * 256))
    assert caught.value.code == "target"
    assert _hidden(tmp_path) == []


def test_files_and_folders_are_synced_before_they_count(stage, tmp_path, monkeypatch):
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def note_sync(descriptor: int) -> None:
        steps.append(f"sync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        fsync(descriptor)

    def note_rename(source: Path, target: Path) -> None:
        steps.append(f"rename {target.name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_rename)
    staged = [stage.open(tmp_path / "made" / name) for name in ("a", "b")]
    stage.publish(staged)
    assert steps[:4] == [f"sync {staged[0].path.name}", f"sync {staged[1].path.name}", "rename a", "rename b"]
    assert sorted(steps[4:]) == sorted(["sync made", f"sync {tmp_path.name}"])


def test_a_killed_run_leaves_nothing_that_the_next_does_not_remove(publish, tmp_path):
    target = tmp_path / "out"
    target.write_bytes(b"old\n")
    with _run_that_stops("staged", target, tmp_path / "other") as run:
        run.send_signal(signal.SIGKILL)
    assert target.read_bytes() == b"old\n"
    assert len(_hidden(tmp_path)) == 3
    publish(target, b"mine\n")
    assert target.read_bytes() == b"mine\n"
    assert not (tmp_path / "other").exists()
    assert [name for name in _hidden(tmp_path) if name.endswith(".part")] == []


def test_a_run_killed_after_publishing_has_published(tmp_path):
    with _run_that_stops("published", tmp_path / "out") as run:
        run.send_signal(signal.SIGKILL)
    assert (tmp_path / "out").read_bytes() == b"new\n"
    assert sweep(tmp_path) == 0
    assert os.listdir(tmp_path) == ["out"]


def test_what_a_living_run_has_staged_stays(publish, tmp_path):
    with _run_that_stops("staged", tmp_path / "theirs"):
        theirs = set(_hidden(tmp_path))
        assert sweep(tmp_path) == 0
        publish(tmp_path / "mine", b"a\n")
        assert theirs <= set(_hidden(tmp_path))
    assert sweep(tmp_path) == 1
    assert not theirs & set(_hidden(tmp_path))


def test_two_runs_with_one_target_never_mix(tmp_path):
    with Stage() as one, Stage() as other:
        mine, theirs = one.open(tmp_path / "out"), other.open(tmp_path / "out")
        for staged, data in ((mine, b"mine\n" * 1000), (theirs, b"theirs\n")):
            with Writer(staged.path) as writer:
                writer.write(data)
        one.publish([mine])
        assert (tmp_path / "out").read_bytes() == b"mine\n" * 1000
        other.publish([theirs])
        assert (tmp_path / "out").read_bytes() == b"theirs\n"


def test_a_part_without_a_lock_is_removed_and_other_hidden_files_stay(tmp_path):
    token = "0123456789abcdef"
    others = [".linemill-x.part", ".linemill", f".linemill-{token}", f".linemill-{token}-1.part.bak", ".hidden", "plain"]
    for name in (f".linemill-{token}-7.part", *others):
        (tmp_path / name).touch()
    assert sweep(tmp_path) == 1
    assert sorted(os.listdir(tmp_path)) == sorted(others)


def test_a_lock_that_is_a_link_or_a_folder_is_left_alone(tmp_path):
    (tmp_path / ".linemill-0123456789abcdef.lock").symlink_to("/dev/zero")
    (tmp_path / ".linemill-0123456789abcdef-1.part").touch()
    assert sweep(tmp_path) == 0
    assert len(_hidden(tmp_path)) == 2
    assert sweep(tmp_path / "no such folder") == 0


def test_a_run_whose_new_lock_was_swept_away_makes_another(tmp_path, monkeypatch):
    flock = fcntl.flock
    swept: list[int] = []

    def sweep_first(descriptor: int, operation: int) -> None:
        if not swept:
            swept.append(1)
            sweep(tmp_path)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", sweep_first)
    with Stage() as stage:
        staged = stage.open(tmp_path / "out")
        assert sweep(tmp_path) == 0
        stage.publish([staged])
    assert os.listdir(tmp_path) == ["out"]


def test_many_folders_keep_few_locks_open(stage, tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    for number in range(300):
        stage.publish([stage.open(tmp_path / str(number) / "out")])
    assert len(os.listdir("/proc/self/fd")) - before <= 64
    assert sum(map(len, map(_hidden, tmp_path.iterdir()))) <= 64


def test_an_obsolete_target_goes_when_the_others_are_published(stage, tmp_path):
    staged = stage.open(tmp_path / "out" / "a.log")
    obsolete = tmp_path / "dead.jsonl"
    obsolete.write_bytes(b"of an earlier run")
    stage.publish([staged], obsolete=[obsolete, tmp_path / "never-there"])
    assert staged.target.exists()
    assert not obsolete.exists()


def test_an_obsolete_target_that_cannot_be_removed_publishes_nothing(stage, tmp_path):
    staged = stage.open(tmp_path / "a.log")
    (tmp_path / "obsolete").mkdir()
    with pytest.raises(WorldError, match="the output could not be replaced"):
        stage.publish([staged], obsolete=[tmp_path / "obsolete"])
    assert not staged.target.exists()

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from linemill.catalog.records import FileState
from linemill.errors import UsageError, WorldError
from linemill.files import readiness, renaming
from linemill.files.hidden import hidden_beside
from linemill.files.readiness import Unready
from linemill.mill import arrival
from linemill.mill.arrival import EVERY, Inbox, Reason, Seen, look
from linemill.mill.locking import lock
from linemill.pipeline.graph import After, WatchSettings


@pytest.fixture
def make_inbox(tmp_path: Path) -> Callable[..., Inbox]:
    """An inbox with these settings, its folders made."""

    def apply(**settings: object) -> Inbox:
        made = Inbox(WatchSettings(**settings), tmp_path)  # type: ignore[arg-type]
        made.make()
        return made

    return apply


@pytest.fixture
def inbox(make_inbox: Callable[..., Inbox]) -> Inbox:
    return make_inbox()


@pytest.fixture
def without_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system that other machines write to."""
    monkeypatch.setattr(readiness, "is_remote", lambda device: True)


def _put(inbox: Inbox, name: str, data: bytes = b"a\n", mtime_s: float | None = None) -> Path:
    path = inbox.folder / name
    path.write_bytes(data)
    if mtime_s is not None:
        os.utime(path, (mtime_s, mtime_s))
    return path


def _fates(seen: list[Seen]) -> dict[str, tuple[FileState, str]]:
    return {one.name: (one.fate, one.reason) for one in seen}


def _only(inbox: Inbox) -> Seen:
    (seen,) = inbox.scan(100, EVERY)
    return seen


def _refusing(number: int) -> Callable[..., None]:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def test_the_folders_are_made_where_they_are_missing(make_inbox, tmp_path):
    made = make_inbox(inbox="in/deep", processing="p", processed="q", failed="f")
    for folder, name in ((made.folder, "in/deep"), (made.processing, "p"), (made.processed, "q"), (made.failed, "f")):
        assert folder == tmp_path / name
        assert folder.is_dir()
    made.make()


def test_a_file_in_the_way_of_a_folder_refuses_the_start(make_inbox, tmp_path):
    (tmp_path / "inbox").touch()
    with pytest.raises(UsageError, match="something that is no folder is in its way"):
        make_inbox()


def test_folders_between_which_nothing_can_be_renamed_refuse_the_start(inbox, monkeypatch):
    def other_mount(source: str, place: str) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source)

    monkeypatch.setattr(os, "rename", other_mount)
    with pytest.raises(UsageError, match="different file systems"):
        inbox.make()
    assert os.listdir(inbox.folder) == []


def test_a_trial_of_the_folders_leaves_nothing(inbox):
    inbox.make()
    assert os.listdir(inbox.folder) == os.listdir(inbox.processing) == []


def test_a_file_that_nobody_writes_is_ready_and_says_all_that_a_claim_needs(inbox):
    path = _put(inbox, "a.txt", b"abc", 1000)
    seen = _only(inbox)
    assert seen == Seen(inbox.folder, "a.txt", FileState.READY, "", 3, 1000 * 10**9, 100, None)
    assert seen.path == path


def test_every_kind_of_thing_has_its_fate(make_inbox):
    inbox = make_inbox(include=("*.txt", "data-*"))
    ignored = {
        ".hidden.txt": Reason.HIDDEN,
        "a.txt~": Reason.TEMPORARY,
        "a.txt.tmp": Reason.TEMPORARY,
        "a.txt.PART": Reason.TEMPORARY,
        "a.txt.crdownload": Reason.TEMPORARY,
        "a.txt.swp": Reason.TEMPORARY,
        "a.csv": Reason.NOT_INCLUDED,
        "A.TXT": Reason.NOT_INCLUDED,
        "folder.txt": Reason.FOLDER,
        "link.txt": Reason.LINK,
        "broken.txt": Reason.LINK,
        "pipe.txt": Reason.NO_FILE,
        "socket.txt": Reason.NO_FILE,
    }
    for name in list(ignored)[:8]:
        _put(inbox, name)
    (inbox.folder / "folder.txt").mkdir()
    (inbox.folder / "link.txt").symlink_to("b.txt")
    (inbox.folder / "broken.txt").symlink_to("nowhere")
    os.mkfifo(inbox.folder / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(inbox.folder / "socket.txt"))
    _put(inbox, "b.txt")
    _put(inbox, "data-1")
    _put(inbox, "empty.txt", b"")
    expected: dict[str, tuple[FileState, str]] = {name: (FileState.IGNORED, reason) for name, reason in ignored.items()}
    expected |= dict.fromkeys(("b.txt", "data-1", "empty.txt"), (FileState.READY, ""))
    assert _fates(inbox.scan(0, EVERY)) == expected


def test_hostile_names_and_times_are_files_like_others(inbox):
    names = ["x" * 255, "new\nline", "\udcff\udc80.log", "-rf", " ", "a b\t.txt", "{date}", "\u202e.txt"]
    for number, name in enumerate(names):
        _put(inbox, name, mtime_s=[0, 1, 4_000_000_000][number % 3])
    seen = inbox.scan(1000, EVERY)
    assert {one.name for one in seen if one.fate is FileState.READY} == set(names)
    assert all(inbox.claim(one, inbox.processing / one.name) for one in seen)


def test_the_oldest_come_first_and_then_by_name(inbox):
    for name, mtime_s in (("c", 5), ("b", 7), ("a", 7), ("z", 1)):
        _put(inbox, name, mtime_s=mtime_s)
    assert [one.name for one in inbox.scan(0, EVERY)] == ["z", "c", "a", "b"]


def test_only_as_many_are_asked_as_can_be_taken(inbox, monkeypatch):
    for number in range(20):
        _put(inbox, f"{number:02}", mtime_s=number)
    asked: list[Path] = []
    hold = readiness.hold

    def note(path: Path, *, with_lease: bool) -> readiness.Hold | str:
        asked.append(path)
        return hold(path, with_lease=with_lease)

    monkeypatch.setattr(readiness, "hold", note)
    seen = inbox.scan(0, 3)
    assert [one.fate for one in seen] == [FileState.READY] * 3 + [FileState.WAITING] * 17
    assert {one.reason for one in seen[3:]} == {Reason.QUEUED}
    assert [path.name for path in asked] == ["00", "01", "02"]
    asked.clear()
    assert {one.reason for one in inbox.scan(0, 0)} == {Reason.QUEUED}
    assert asked == []


def test_a_scan_is_gone_on_with_for_a_while_without_another_look_at_the_folder(inbox):
    paths = [_put(inbox, f"{number}", mtime_s=number) for number in range(6)]
    (inbox.folder / "folder").mkdir()
    assert [one.name for one in inbox.scan(100, 2) if one.fate is FileState.READY] == ["0", "1"]
    _put(inbox, "new", mtime_s=0)
    paths[2].unlink()
    with open(paths[3], "ab"):
        seen = inbox.scan_on(101, 1)
    assert [(one.name, one.fate) for one in seen] == [
        ("3", FileState.WAITING),
        ("4", FileState.READY),
        ("5", FileState.WAITING),
        ("folder", FileState.IGNORED),
    ]
    assert [(one.name, one.fate) for one in inbox.scan_on(101, 2)[:2]] == [("3", FileState.READY), ("5", FileState.READY)]
    assert inbox.scan_on(101, 2) == []
    assert [one.name for one in inbox.scan(101, 1)] == ["0", "new", "1", "3", "4", "5", "folder"]
    assert inbox.scan_on(103, 1) == []


def test_what_was_found_by_other_settings_is_not_gone_on_with(inbox):
    for name in ("a.csv", "b.txt", "c.txt"):
        _put(inbox, name)
    inbox.scan(100, 1)
    inbox.follow(WatchSettings(include=("*.csv",)))
    assert inbox.scan_on(100, 1) == []


def test_a_file_that_is_written_waits_and_does_not_hold_up_the_others(inbox):
    path = _put(inbox, "a", mtime_s=1)
    _put(inbox, "b", mtime_s=2)
    with open(path, "ab"):
        first, second = inbox.scan(50, 1)
    assert (first.name, first.fate, first.reason) == ("a", FileState.WAITING, Unready.WRITING)
    assert first.next_look_at == 51
    assert (second.name, second.fate) == ("b", FileState.READY)
    assert inbox.scan(50, 1)[0].fate is FileState.READY


def test_a_file_that_cannot_be_opened_waits_until_it_can(inbox, monkeypatch):
    _put(inbox, "a")
    with monkeypatch.context() as locked:
        locked.setattr(os, "open", _refusing(errno.EACCES))
        seen = _only(inbox)
    assert (seen.fate, seen.reason) == (FileState.WAITING, "it cannot be opened: permission denied")
    assert seen.next_look_at == 101
    assert _only(inbox).fate is FileState.READY


@pytest.mark.usefixtures("without_leases")
def test_without_leases_a_file_waits_until_it_has_held_still(make_inbox):
    inbox = make_inbox(settle_s=2)
    _put(inbox, "a")
    (seen,) = inbox.scan(100, EVERY)
    assert (seen.fate, seen.reason, seen.next_look_at) == (FileState.WAITING, Unready.SETTLING, 102)
    assert inbox.scan(102, EVERY)[0].fate is FileState.READY


@pytest.mark.usefixtures("without_leases")
def test_files_that_are_queued_hold_still_in_the_meantime(make_inbox):
    inbox = make_inbox(settle_s=2)
    _put(inbox, "a", mtime_s=1)
    _put(inbox, "b", mtime_s=2)
    inbox.scan(100, 0)
    assert [one.fate for one in inbox.scan(102, EVERY)] == [FileState.READY] * 2


def test_when_a_file_was_noticed_is_kept_until_it_is_gone(inbox):
    path = _put(inbox, "a")
    assert inbox.scan(10, EVERY)[0].noticed_at == 10
    assert inbox.scan(20, EVERY)[0].noticed_at == 10
    path.unlink()
    assert inbox.scan(30, EVERY) == []
    _put(inbox, "a")
    assert inbox.scan(40, EVERY)[0].noticed_at == 40


def test_a_file_that_goes_during_the_scan_is_not_there(inbox, monkeypatch):
    _put(inbox, "a")
    monkeypatch.setattr(os, "open", _refusing(errno.ENOENT))
    assert inbox.scan(0, EVERY) == []


def test_with_a_marker_a_file_is_ready_when_it_is_there_and_it_goes_with_the_file(make_inbox):
    inbox = make_inbox(marker=".done")
    path = _put(inbox, "a.txt")
    with open(path, "ab"):
        assert _fates(inbox.scan(0, EVERY)) == {"a.txt": (FileState.WAITING, Reason.NO_MARKER)}
        _put(inbox, "a.txt.done", b"")
        seen = inbox.scan(0, EVERY)
        assert _fates(seen) == {"a.txt": (FileState.READY, ""), "a.txt.done": (FileState.IGNORED, Reason.MARKER)}
        assert inbox.claim(seen[0], inbox.processing / "a.txt")
    assert os.listdir(inbox.folder) == []
    assert os.listdir(inbox.processing) == ["a.txt"]


def test_what_is_known_and_stays_is_left_out_and_asked_about_once(inbox):
    _put(inbox, "a", b"a", 1)
    _put(inbox, "b", b"bb", 2)
    asked: list[tuple[str, int, int]] = []

    def known(name: str, size: int, mtime_ns: int) -> bool:
        asked.append((name, size, mtime_ns))
        return (name, size) == ("a", 1)

    for _ in range(2):
        assert [one.name for one in inbox.scan(0, EVERY, known)] == ["b"]
    assert asked == [("a", 1, 10**9), ("b", 2, 2 * 10**9), ("b", 2, 2 * 10**9)]
    _put(inbox, "a", b"longer", 1)
    assert [one.name for one in inbox.scan(0, EVERY, known)] == ["a", "b"]


def test_our_own_hidden_files_are_not_told_of(inbox):
    hidden_beside(inbox.folder / "x", "0123abcd", 1, 1).touch()
    with lock(inbox.folder):
        assert inbox.scan(0, EVERY) == []


def test_an_inbox_that_was_removed_is_made_again(inbox):
    inbox.folder.rmdir()
    assert inbox.scan(0, EVERY) == []
    _put(inbox, "a")
    assert _only(inbox).fate is FileState.READY


def test_an_inbox_that_cannot_be_read_says_so(inbox, monkeypatch):
    monkeypatch.setattr(os, "scandir", _refusing(errno.EACCES))
    with pytest.raises(WorldError, match="the inbox cannot be read: permission denied"):
        inbox.scan(0, EVERY)


def test_a_claim_renames_the_file(inbox):
    _put(inbox, "a", b"abc")
    assert inbox.claim(_only(inbox), inbox.processing / "a~2")
    assert os.listdir(inbox.folder) == []
    assert (inbox.processing / "a~2").read_bytes() == b"abc"


def test_a_file_that_changed_or_vanished_since_it_was_seen_is_not_claimed(inbox):
    path = _put(inbox, "a", b"abc")
    seen = _only(inbox)
    path.write_bytes(b"abcd")
    assert not inbox.claim(seen, inbox.processing / "a")
    assert path.read_bytes() == b"abcd"
    seen = _only(inbox)
    path.unlink()
    assert not inbox.claim(seen, inbox.processing / "a")
    assert os.listdir(inbox.processing) == []


def test_a_file_that_is_written_again_is_not_claimed(inbox):
    path = _put(inbox, "a", b"abc")
    seen = _only(inbox)
    with open(path, "ab"):
        assert not inbox.claim(seen, inbox.processing / "a")
    assert path.read_bytes() == b"abc"


def _before_the_rename(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], after: Callable[[], object] = bool) -> None:
    rename = renaming.rename_to_free
    acts = [act]

    def disturbed(source: Path, place: Path) -> None:
        is_first = bool(acts)
        if acts:
            acts.pop()()
        rename(source, place)
        if is_first:
            after()

    monkeypatch.setattr(arrival, "rename_to_free", disturbed)


def _open_for_writing(path: Path) -> None:
    with pytest.raises(BlockingIOError):
        os.open(path, os.O_WRONLY | os.O_NONBLOCK)


def test_a_claim_is_taken_back_when_a_writer_came_at_the_last_moment(inbox, monkeypatch):
    path = _put(inbox, "a", b"abc")
    seen = _only(inbox)
    _before_the_rename(monkeypatch, lambda: _open_for_writing(path))
    assert not inbox.claim(seen, inbox.processing / "a")
    assert path.read_bytes() == b"abc"
    assert os.listdir(inbox.processing) == []
    assert inbox.claim(_only(inbox), inbox.processing / "a")


@pytest.mark.usefixtures("without_leases")
def test_without_leases_a_claim_is_taken_back_when_the_file_changed_at_the_last_moment(make_inbox, monkeypatch):
    inbox = make_inbox(settle_s=0)
    path = _put(inbox, "a", b"abc")
    _before_the_rename(monkeypatch, lambda: path.write_bytes(b"changed"))
    assert not inbox.claim(_only(inbox), inbox.processing / "a")
    assert path.read_bytes() == b"changed"


def test_a_claim_is_taken_back_when_another_file_got_the_name_at_the_last_moment(inbox, monkeypatch):
    path = _put(inbox, "a", b"abc")
    (inbox.processed / "other").write_bytes(b"xyz")
    _before_the_rename(monkeypatch, lambda: (inbox.processed / "other").rename(path))
    assert not inbox.claim(_only(inbox), inbox.processing / "a")
    assert path.read_bytes() == b"xyz"
    assert os.listdir(inbox.processing) == []


def test_a_claim_that_cannot_be_taken_back_is_ours_and_overwrites_nothing(inbox, monkeypatch):
    path = _put(inbox, "a", b"abc")
    seen = _only(inbox)
    _before_the_rename(monkeypatch, lambda: _open_for_writing(path), after=lambda: path.write_bytes(b"the next one"))
    assert inbox.claim(seen, inbox.processing / "a")
    assert path.read_bytes() == b"the next one"
    assert (inbox.processing / "a").read_bytes() == b"abc"


def test_a_place_that_is_taken_is_not_overwritten(inbox):
    path = _put(inbox, "a", b"abc")
    (inbox.processing / "a").write_bytes(b"another")
    assert not inbox.claim(_only(inbox), inbox.processing / "a")
    assert path.read_bytes() == b"abc"
    assert (inbox.processing / "a").read_bytes() == b"another"


def test_a_folder_for_claimed_files_that_was_removed_is_made_again(inbox):
    _put(inbox, "a")
    inbox.processing.rmdir()
    assert inbox.claim(_only(inbox), inbox.processing / "a")


def test_a_claim_that_the_system_refuses_says_so_and_leaves_the_file(inbox, monkeypatch):
    path = _put(inbox, "a")
    seen = _only(inbox)
    monkeypatch.setattr(arrival, "rename_to_free", _refusing(errno.EROFS))
    with pytest.raises(WorldError, match="cannot be taken from the inbox: read-only file system"):
        inbox.claim(seen, inbox.processing / "a")
    assert path.exists()


def test_other_settings_are_followed_but_the_inbox_stays(inbox, tmp_path):
    _put(inbox, "a.txt")
    _put(inbox, "a.csv")
    inbox.follow(WatchSettings(inbox="elsewhere", processing="p", include=("*.csv",)))
    assert inbox.folder == tmp_path / "inbox"
    assert inbox.processing == tmp_path / "p"
    assert _fates(inbox.scan(0, EVERY)) == {
        "a.csv": (FileState.READY, ""),
        "a.txt": (FileState.IGNORED, Reason.NOT_INCLUDED),
    }


def test_a_look_changes_nothing(make_pipeline, tmp_path):
    pipeline = make_pipeline()
    assert look(pipeline, tmp_path, 0, lambda folder, names: {}) == []
    assert not (tmp_path / "inbox").exists()
    inbox = Inbox(pipeline.watch, tmp_path)
    inbox.make()
    path = _put(inbox, "a")
    assert _fates(look(pipeline, tmp_path, 0, lambda folder, names: {})) == {"a": (FileState.READY, "")}
    assert path.exists()


def test_a_file_that_is_done_and_kept_is_not_seen_until_it_changes(make_pipeline, tmp_path):
    pipeline = make_pipeline()
    pipeline = replace(pipeline, watch=replace(pipeline.watch, after=After.KEEP))
    inbox = Inbox(pipeline.watch, tmp_path)
    inbox.make()
    path = _put(inbox, "a")
    _put(inbox, "b")
    facts = path.stat()
    known = {"a": (facts.st_size, facts.st_mtime_ns)}
    assert list(_fates(look(pipeline, tmp_path, 0, lambda folder, names: known))) == ["b"]
    path.write_text("more\n")
    assert sorted(_fates(look(pipeline, tmp_path, 0, lambda folder, names: known))) == ["a", "b"]

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import pytest

from linemill.errors import FileError, WorldError
from linemill.files.hidden import Folders, attempt_of, hidden_beside, is_hidden, sweep

TAG = "0123abcd"


def test_a_hidden_name_lies_beside_its_target_and_tells_its_attempt(tmp_path):
    path = hidden_beside(tmp_path / "out.log", TAG, 4711, 2)
    assert path == tmp_path / ".linemill-0123abcd-4711-2.part"
    assert attempt_of(path.name, TAG) == 4711
    assert is_hidden(path.name)


def test_a_target_with_the_longest_name_has_a_hidden_file(tmp_path):
    hidden_beside(tmp_path / ("x" * 255), TAG, 2**60, 999).touch()


@pytest.mark.parametrize(
    "name",
    [
        "a.txt",
        ".linemill.lock",
        ".linemill-0123abcd-1.part",
        ".linemill-0123abcd-1-2.part.bak",
        ".linemill-0123abcd--1-2.part",
        ".linemill-0123abcd-1-2.part\n",
        ".linemill-0123abcd-\u0661-2.part",
        ".linemill-0123ABCD-1-2.part",
        ".linemill-ffffffff-1-2.part",
        "x.linemill-0123abcd-1-2.part",
    ],
)
def test_other_names_belong_to_no_attempt(name):
    assert attempt_of(name, TAG) is None


def test_only_what_no_attempt_needs_is_swept(tmp_path):
    ours = {attempt: [hidden_beside(tmp_path / "out", TAG, attempt, k) for k in (1, 2)] for attempt in (1, 2, 3)}
    theirs = hidden_beside(tmp_path / "out", "ffffffff", 1, 1)
    others = [tmp_path / "out", tmp_path / ".hidden", theirs]
    for path in [*others, *(path for paths in ours.values() for path in paths)]:
        path.touch()
    asked: list[set[int]] = []

    def keep(attempts: Collection[int]) -> set[int]:
        asked.append(set(attempts))
        return {2}

    assert sweep(tmp_path, TAG, keep) == 4
    assert asked == [{1, 2, 3}]
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in [*others, *ours[2]]}


def test_nobody_is_asked_where_nothing_is_hidden(tmp_path):
    def keep(attempts: Collection[int]) -> set[int]:
        raise AssertionError(attempts)

    (tmp_path / "out").touch()
    assert sweep(tmp_path, TAG, keep) == 0
    assert sweep(tmp_path / "no such folder", TAG, keep) == 0


def test_what_cannot_be_removed_does_not_stop_the_sweep(tmp_path):
    hidden_beside(tmp_path / "out", TAG, 1, 1).mkdir()
    hidden_beside(tmp_path / "out", TAG, 1, 2).touch()
    assert sweep(tmp_path, TAG, lambda attempts: set()) == 1


def test_new_folders_are_made_and_their_parents_told_once(tmp_path):
    folders = Folders()
    folders.make(tmp_path / "a" / "b")
    folders.make(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    assert folders.take_unsynced() == {tmp_path, tmp_path / "a"}
    assert folders.take_unsynced() == set()


def test_a_folder_that_was_removed_is_made_again(tmp_path):
    folders = Folders()
    folders.make(tmp_path / "out")
    (tmp_path / "out").rmdir()
    folders.make(tmp_path / "out")
    assert (tmp_path / "out").is_dir()


def test_a_link_to_a_folder_is_a_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    folders = Folders()
    folders.make(tmp_path / "link" / "deeper")
    assert (tmp_path / "real" / "deeper").is_dir()
    folders.make(tmp_path / "link")


def test_a_file_in_the_way_of_a_folder_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"kept")
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(FileError, match="something that is no folder is in its way") as caught:
            Folders().make(folder)
        assert caught.value.code == "target"
        assert caught.value.where == str(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"kept"


def test_a_folder_that_the_system_refuses_may_be_tried_again(tmp_path, monkeypatch):
    def refuse(self: Path, *_arguments: object, **_options: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(WorldError) as caught:
        Folders().make(tmp_path / "out")
    assert caught.value.code == "disk_full"

import os

import pytest

from linemill.mill.taken import ENTRIES_A_NAME, MANY, Names


@pytest.mark.parametrize("count", [1, MANY, 1000])
@pytest.mark.parametrize("others", [0, ENTRIES_A_NAME * MANY + 1])
def test_names_are_taken_by_whatever_has_them(tmp_path, count, others):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / os.fsdecode(b"\xff")).touch()
    for number in range(others):
        (tmp_path / f"other{number}").touch()
    names = Names(count)
    taken = ["file", "folder", "link", os.fsdecode(b"\xff")]
    assert [name for name in [*taken, "free", "File"] if names.has(f"{tmp_path}/{name}")] == taken
    assert not names.has(f"{tmp_path}/nowhere/file")


def test_a_folder_is_read_once(tmp_path, monkeypatch):
    monkeypatch.setattr(os.path, "lexists", None)
    names = Names(MANY)
    assert not names.has(f"{tmp_path}/a")
    (tmp_path / "a").touch()
    assert not names.has(f"{tmp_path}/a")

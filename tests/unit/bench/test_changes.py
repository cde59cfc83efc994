"""Names that come and go are told, each once."""

import pytest

from bench.changes import Change, Changes


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def test_names_that_are_made_and_moved_to_here_are_told(inbox, tmp_path):
    (tmp_path / "a").touch()
    with Changes(inbox, Change.CAME) as changes:
        (inbox / "b").touch()
        (tmp_path / "a").rename(inbox / "a")
        (inbox / "b").unlink()
        assert changes.names(0) == ["b", "a"]
        assert changes.names(0) == []


def test_names_that_leave_are_told_and_hidden_ones_are_not(inbox, tmp_path):
    for name in (".a", "b"):
        (inbox / name).touch()
    with Changes(inbox, Change.LEFT) as changes:
        for name in (".a", "b"):
            (inbox / name).rename(tmp_path / name)
        assert changes.names(0) == ["b"]


def test_a_name_may_have_any_bytes(inbox):
    name = "line\nbreak \udcff"
    with Changes(inbox, Change.CAME) as changes:
        (inbox / name).touch()
        assert changes.names(0) == [name]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(OSError, match="inotify_add_watch"):
        Changes(tmp_path / "missing", Change.CAME)

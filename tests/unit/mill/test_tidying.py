import pytest

from linemill.catalog.history import History
from linemill.catalog.records import Failed
from linemill.files.incoming import Incoming
from linemill.mill.arrival import Inbox
from linemill.mill.tidying import tidy

NOW = 1_000.0


@pytest.fixture
def inbox(make_pipeline, tmp_path):
    made = Inbox(make_pipeline().watch, tmp_path)
    made.make()
    return made


def _events(yard):
    history = History.open(yard.base / ".linemill")
    assert history is not None
    with history:
        return [(event.what, event.detail) for event in history.events().rows]


def test_what_the_catalog_knows_nothing_of_goes_back_to_the_inbox(yard, inbox):
    (inbox.processing / "a").write_bytes(b"a\n")
    assert tidy(yard.catalog, inbox, NOW) == 1
    assert yard.left() == ["inbox/a"]
    assert _events(yard) == [("tidied", "a: moved to inbox")]


def test_what_is_in_hand_and_what_is_on_its_way_stays(yard, inbox, make_pipeline):
    yard.arrived(make_pipeline(), a=b"a\n")
    (inbox.processing / ".linemill-moving-0123456789abcdef.part").touch()
    assert tidy(yard.catalog, inbox, NOW) == 0
    assert yard.left() == ["processing/.linemill-moving-0123456789abcdef.part", "processing/a"]


def test_what_nobody_sends_any_more_is_removed_from_the_inbox(yard, inbox):
    (inbox.folder / ".linemill-incoming-0123456789abcdef.part").touch()
    sent = Incoming(inbox.folder)
    assert tidy(yard.catalog, inbox, NOW) == 0
    sent.keep(["a"], None)
    assert yard.left() == ["inbox/a"]


def test_a_file_that_has_failed_goes_to_the_failed_ones(yard, inbox, make_pipeline):
    (claim,) = yard.arrived(make_pipeline(), a=b"a\n")
    yard.catalog.fail([Failed(claim, "truncated", "cut off", "", None, moves_to=inbox.failed / "a")], NOW)
    assert tidy(yard.catalog, inbox, NOW) == 1
    assert yard.left() == ["failed/a"]


def test_what_cannot_be_moved_stays_and_is_said_and_the_others_are_moved(yard, inbox):
    for folder, data in ((inbox.processing, b"mine\n"), (inbox.folder, b"another\n")):
        (folder / "a").write_bytes(data)
    (inbox.processing / "b").write_bytes(b"b\n")
    assert tidy(yard.catalog, inbox, NOW) == 1
    assert yard.left() == ["inbox/a", "inbox/b", "processing/a"]
    assert (inbox.folder / "a").read_bytes() == b"another\n"
    assert sorted(what for what, _ in _events(yard)) == ["not_tidied", "tidied"]


def test_no_folder_is_nothing_to_tidy(yard, make_pipeline, tmp_path):
    assert tidy(yard.catalog, Inbox(make_pipeline().watch, tmp_path), NOW) == 0

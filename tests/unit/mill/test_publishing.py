import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from linemill.files import cannot_write
from linemill.files.hidden import Folders
from linemill.files.publishing import put_in_place
from linemill.mill import publishing
from linemill.mill.publishing import FIRST_WAIT_S, LONGEST_WAIT_S, Publisher

NOW = 1_000.0

GROWING = """\
nodes:
  keep: {use: "steps:keep", to: [all, grown]}
outputs:
  all: out/{name}
  grown: grown/all.log
"""


@pytest.fixture
def commit(yard, worked):
    """Commit claims; give what is to be published."""

    def apply(pipeline, claims, **changes):
        commits = [replace(each, **changes) for each in yard.committed(pipeline, claims, worked)]
        return yard.catalog.commit(commits, NOW)

    return apply


@pytest.fixture
def publisher(yard):
    return Publisher(yard.catalog, Folders())


def _names(redos):
    return [redo.name for redo in redos]


def test_what_is_committed_becomes_visible_and_the_input_goes_its_way(yard, make_pipeline, commit, publisher):
    pipeline = make_pipeline(text=GROWING)
    publisher.add(commit(pipeline, yard.arrived(pipeline, a=b"a\n", b=b"b\n")))
    assert yard.left()[-1] == "processing/b"
    assert _names(publisher.work(NOW)) == ["a", "b"]
    assert yard.left() == ["grown/all.log", "out/a", "out/b", "processed/a", "processed/b"]
    assert (yard.base / "grown/all.log").read_bytes() == b"a\nb\n"
    assert (publisher.has_work, publisher.work(NOW)) == (False, [])
    assert yard.catalog.redo() == []


def test_nothing_counts_as_published_before_it_would_survive_a_power_cut(yard, make_pipeline, commit, publisher, monkeypatch):
    pipeline = make_pipeline(text=GROWING)
    publisher.add(commit(pipeline, yard.arrived(pipeline, a=b"a\n")))
    synced: list[set[Path]] = []
    published = yard.catalog.published

    def note(*paths):
        synced.extend(set(some) for some in paths)

    def tell(redos, now):
        base = yard.base
        assert synced[0] == {base / "grown/all.log"}
        assert synced[1] >= {base / "out", base / "grown", base / "processing", base / "processed", base}
        published(redos, now)

    monkeypatch.setattr(publishing, "sync", note)
    monkeypatch.setattr(yard.catalog, "published", tell)
    assert _names(publisher.work(NOW)) == ["a"]


def test_what_a_crash_left_half_published_comes_to_the_same(yard, make_pipeline, commit, publisher):
    pipeline = make_pipeline(text=GROWING)
    redos = commit(pipeline, yard.arrived(pipeline, a=b"a\n", b=b"b\n"))
    for _ in range(2):
        for redo in redos:
            publisher._publish(redo, NOW)  # and the process dies before it has told the catalog
    publisher.add(yard.catalog.redo())
    publisher.work(NOW)
    assert yard.left() == ["grown/all.log", "out/a", "out/b", "processed/a", "processed/b"]
    assert (yard.base / "grown/all.log").read_bytes() == b"a\nb\n"


def test_what_cannot_be_published_is_tried_again_less_and_less_often_and_the_others_go_on(
    yard, make_pipeline, commit, publisher, monkeypatch
):
    pipeline = make_pipeline()
    publisher.add(commit(pipeline, yard.arrived(pipeline, a=b"a\n", b=b"b\n")))

    def refuse(staged, target, *, may_replace):
        if target.name == "a":
            raise cannot_write(OSError(errno.EROFS, os.strerror(errno.EROFS)), "published", "a")
        put_in_place(staged, target, may_replace=may_replace)

    with monkeypatch.context() as refused:
        refused.setattr(publishing, "put_in_place", refuse)
        now, waits = NOW, []
        assert _names(publisher.work(now)) == ["b"]
        for _ in range(8):
            assert publisher.trouble is not None
            waits.append(publisher.next_at - now)
            assert publisher.work(publisher.next_at - 0.01) == []
            now = publisher.next_at
            assert publisher.work(now) == []
        assert (waits[:3], waits[-1]) == ([FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S], LONGEST_WAIT_S)
        assert publisher.has_work
    assert _names(publisher.work(publisher.next_at)) == ["a"]
    assert (publisher.trouble, publisher.has_work) == (None, False)


def test_later_lines_wait_for_earlier_ones_of_the_same_growing_output(yard, make_pipeline, commit, publisher):
    pipeline = make_pipeline(text=GROWING)
    publisher.add(commit(pipeline, yard.arrived(pipeline, a=b"a\n")))
    publisher.work(NOW)
    publisher.add(commit(pipeline, yard.arrived(pipeline, b=b"b\n", c=b"c\n")))
    with open(yard.base / "grown/all.log", "ab") as stranger:
        stranger.write(b"not ours\n")
    assert publisher.work(NOW) == []
    assert publisher.trouble is not None
    assert publisher.trouble.code == "foreign_bytes"
    (yard.base / "grown/all.log").write_bytes(b"a\n")
    assert _names(publisher.work(publisher.next_at)) == ["b", "c"]
    assert (yard.base / "grown/all.log").read_bytes() == b"a\nb\nc\n"


def test_a_growing_output_that_was_moved_away_is_begun_anew(yard, make_pipeline, commit, publisher):
    pipeline = make_pipeline(text=GROWING)
    publisher.add(commit(pipeline, yard.arrived(pipeline, a=b"a\n")))
    publisher.work(NOW)
    (yard.base / "grown/all.log").rename(yard.base / "grown/old.log")
    publisher.add(commit(pipeline, yard.arrived(pipeline, b=b"b\n", c=b"c\n")))
    assert _names(publisher.work(NOW)) == ["b", "c"]
    assert (yard.base / "grown/old.log").read_bytes() == b"a\n"
    assert (yard.base / "grown/all.log").read_bytes() == b"b\nc\n"


def test_a_strangers_file_keeps_its_name_and_ours_gets_the_next_free_one(yard, make_pipeline, commit, publisher):
    pipeline = make_pipeline()
    redos = commit(pipeline, yard.arrived(pipeline, **{"a.log": b"a\n", "b.log": b"b\n"}))
    for name in ("a.log", "a~2.log"):
        (yard.base / "out" / name).write_bytes(b"a stranger's\n")
    publisher.add(redos)
    (other, told) = sorted(publisher.work(NOW), key=lambda redo: redo.name, reverse=True)
    assert [each.output.target.name for redo in (told, other) for each in redo.outputs] == ["a~3.log", "b.log"]
    assert (yard.base / "out/a.log").read_bytes() == b"a stranger's\n"
    assert (yard.base / "out/a~3.log").read_bytes() == b"a\n"


def test_what_an_earlier_attempt_left_goes(yard, make_pipeline, commit, publisher):
    pipeline = make_pipeline()
    (yard.base / "dead").mkdir()
    (yard.base / "dead/a.jsonl").write_bytes(b"of an earlier run\n")
    publisher.add(commit(pipeline, yard.given(pipeline, a=b"a\n")))
    publisher.work(NOW)
    assert yard.left() == ["a", "out/a"]


def test_an_input_is_deleted_where_the_pipeline_says_so(yard, make_pipeline, commit, publisher):
    pipeline = make_pipeline()
    publisher.add(commit(pipeline, yard.arrived(pipeline, a=b"a\n"), moves_to=None, deletes=True))
    publisher.work(NOW)
    assert yard.left() == ["out/a"]


def test_the_folder_of_an_output_that_somebody_removed_is_made_again(yard, make_pipeline, commit, publisher):
    pipeline = make_pipeline(text=GROWING)
    publisher.add(commit(pipeline, yard.arrived(pipeline, a=b"a\n")))
    (yard.base / "processed").mkdir(exist_ok=True)
    (yard.base / "processed").rmdir()
    publisher.work(NOW)
    assert "processed/a" in yard.left()


def test_an_input_that_somebody_removed_holds_up_nobody(yard, make_pipeline, commit, publisher):
    pipeline = make_pipeline(text=GROWING)
    publisher.add(commit(pipeline, yard.arrived(pipeline, a=b"a\n", b=b"b\n")))
    (yard.base / "processing/a").unlink()
    assert _names(publisher.work(NOW)) == ["a", "b"]
    assert publisher.trouble is None
    assert yard.left() == ["grown/all.log", "out/a", "out/b", "processed/b"]


def test_a_strangers_file_in_processed_stays_and_ours_gets_the_next_free_name(yard, make_pipeline, commit, publisher):
    pipeline = make_pipeline(text=GROWING)
    publisher.add(commit(pipeline, yard.arrived(pipeline, a=b"a\n")))
    (yard.base / "processed").mkdir(exist_ok=True)
    (yard.base / "processed/a").write_bytes(b"a stranger's")
    assert _names(publisher.work(NOW)) == ["a"]
    assert (yard.base / "processed/a").read_bytes() == b"a stranger's"
    assert (yard.base / "processed/a~2").read_bytes() == b"a\n"

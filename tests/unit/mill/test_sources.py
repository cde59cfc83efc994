from pathlib import Path

import pytest

from linemill.catalog.records import Kind, Wish
from linemill.errors import UsageError
from linemill.mill.sources import Given, Ready

DAY = "2025-03-01"
NOW = 1_000.0

GROWING = """\
nodes:
  keep: {use: "steps:keep", to: grown}
outputs:
  grown: out/grown.log
"""


@pytest.fixture
def make_given(yard, make_pipeline):
    """Files that were named, of a pipeline whose version is known."""

    def apply(*inputs, **pipeline):
        loaded = make_pipeline(**pipeline)
        given = Given(yard.catalog, loaded, inputs, DAY)
        given.begin(yard.version(loaded))
        return given

    return apply


@pytest.fixture
def publish(yard, worked):
    """Take claims to their end."""

    def apply(pipeline, claims):
        redos = yard.catalog.commit(yard.committed(pipeline, claims, worked), NOW)
        yard.catalog.published(redos, NOW)

    return apply


def test_files_that_were_named_come_in_their_order_a_few_at_a_time(make_given, tmp_path):
    for name in "abc":
        (tmp_path / name).write_bytes(b"a\n" * ord(name))
    given = make_given(tmp_path / "c", tmp_path / "a", tmp_path / "b")
    first, last = given.more(2, NOW), given.more(2, NOW)
    assert [claim.name for claim in (*first, *last)] == ["c", "a", "b"]
    assert [claim.size for claim in first] == [198, 194]
    assert given.order == [claim.file_id for claim in (*first, *last)]
    assert (given.is_over, given.more(2, NOW), given.total) == (True, [], 3)


def test_a_path_is_told_as_it_was_named(make_given, tmp_path, monkeypatch):
    (tmp_path / "a").touch()
    monkeypatch.chdir(tmp_path)
    given = make_given(Path("a"), None)
    claims = given.more(2, NOW)
    assert [given.path_of(claim) for claim in claims] == [Path("a"), None]
    assert [claim.found for claim in claims] == [tmp_path / "a", None]
    assert [claim.name for claim in claims] == ["a", "stdin"]


def test_what_cannot_be_looked_at_and_what_has_no_size_is_claimed_all_the_same(make_given, tmp_path):
    (tmp_path / "folder").mkdir()
    claims = make_given(tmp_path / "missing", tmp_path / "folder", None).more(9, NOW)
    assert [(claim.size, claim.mtime_ns) for claim in claims] == [(-1, 0)] * 3


def test_a_file_whose_lines_are_in_a_growing_output_is_not_taken_a_second_time(
    yard, make_given, make_pipeline, publish, tmp_path
):
    pipeline = make_pipeline(text=GROWING)
    publish(pipeline, yard.given(pipeline, a=b"a\n"))
    with pytest.raises(UsageError, match="the lines of this file are in the growing output 'grown' already") as caught:
        make_given(tmp_path / "a", text=GROWING)
    assert (caught.value.where, "linemill reprocess" in caught.value.hint) == (str(tmp_path / "a"), True)
    (tmp_path / "a").write_bytes(b"it has changed\n")
    assert not make_given(tmp_path / "a", None, text=GROWING).is_over


def test_a_file_may_be_taken_again_where_nothing_grows(yard, make_given, make_pipeline, publish, tmp_path):
    pipeline = make_pipeline()
    (claim,) = yard.given(pipeline, a=b"a\n")
    publish(pipeline, [claim])
    (again,) = make_given(tmp_path / "a").more(1, NOW)
    assert (again.file_id, again.kind) == (claim.file_id, Kind.REPROCESS)
    assert again.attempt_id != claim.attempt_id


def test_files_that_wait_are_taken_and_no_others(yard, make_pipeline, publish):
    pipeline = make_pipeline()
    claims = yard.given(pipeline, a=b"a\n", b=b"b\n", c=b"c\n")
    publish(pipeline, claims)
    for claim in claims:
        yard.catalog.wish([claim.file_id], Wish(Kind.REPROCESS, "me"), NOW)
    ready = Ready(yard.catalog, [claims[0].file_id, claims[2].file_id], DAY)
    ready.begin(yard.version(pipeline))
    taken = ready.more(9, NOW)
    assert [claim.name for claim in taken] == ["a", "c"]
    assert [ready.path_of(claim) for claim in taken] == [claims[0].place, claims[2].place]
    assert (ready.more(9, NOW), ready.is_over, ready.total) == ([], True, 2)
    assert ready.order == [claims[0].file_id, claims[2].file_id]

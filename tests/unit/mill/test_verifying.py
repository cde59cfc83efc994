import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from linemill.catalog import Catalog, schema
from linemill.errors import WorldError
from linemill.mill.verifying import Verified, Wrong, verify
from linemill.pipeline import version_of


@pytest.fixture
def publish(records: Any) -> Callable[..., int]:
    """Add an output of a file that is done, and write it."""

    def apply(target: Path, content: bytes, **others: Any) -> int:
        attempt_id: int = records.attempt(records.file(target.name, "done"))
        records.output(attempt_id, target, content, **others)
        with target.open("ab") as there:
            there.write(content)
        return attempt_id

    return apply


def _wrong(found: Verified) -> list[tuple[str, str]]:
    return [(finding.wrong.value, finding.what) for finding in found.findings]


def test_what_is_as_it_was_published_is_right(history, publish, tmp_path):
    publish(tmp_path / "a", b"one\ntwo\n")
    publish(tmp_path / "empty", b"")
    publish(tmp_path / "large", b"0123456789abcdef\n" * 200_000)
    grown = tmp_path / "grown"
    publish(grown, b"a\n", how="appended", offset=0)
    publish(grown, b"", how="appended", offset=2)
    publish(grown, b"b\nc\n", how="appended", offset=2)
    found = verify(history)
    assert found.findings == ()
    assert (found.outputs, found.lines, found.bytes) == (6, 200_005, 3_400_014)
    assert found.attempts == 6


def test_what_became_another_is_told_for_each_output(history, publish, tmp_path):
    for name in ("missing", "shorter", "changed", "foreign", "folder", "link", "pipe"):
        publish(tmp_path / name, b"one\ntwo\n")
    (tmp_path / "missing").unlink()
    (tmp_path / "shorter").write_bytes(b"one\n")
    (tmp_path / "changed").write_bytes(b"one\ntwO\n")
    (tmp_path / "foreign").write_bytes(b"one\ntwo\nthree\n")
    for name in ("folder", "link", "pipe"):
        (tmp_path / name).unlink()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("changed")
    os.mkfifo(tmp_path / "pipe")
    found = verify(history)
    assert {finding.target.name: (finding.wrong.value, finding.what) for finding in found.findings if finding.target} == {
        "missing": ("missing", "it is not there"),
        "shorter": ("shorter", "4 of 8 bytes are there"),
        "changed": ("changed", "something between byte 4 and byte 8 is not what was written"),
        "foreign": ("foreign", "6 bytes that linemill did not write are behind byte 8"),
        "folder": ("missing", "there is something else in its place"),
        "link": ("missing", "there is a link in its place"),
        "pipe": ("missing", "there is something else in its place"),
    }
    assert len(found.findings) == 7
    changed = next(finding for finding in found.findings if finding.wrong is Wrong.CHANGED)
    assert (changed.file_id, changed.output) == (history.find("changed")[0].id, "all")


def test_in_a_growing_file_only_those_are_wrong_whose_bytes_are(history, publish, tmp_path):
    grown = tmp_path / "grown"
    publish(grown, b"a\n", how="appended", offset=0)
    second = publish(grown, b"b\n", how="appended", offset=2)
    publish(grown, b"c\n", how="appended", offset=4)
    grown.write_bytes(b"a\nB\nc\n")
    (finding,) = verify(history).findings
    assert (finding.wrong, finding.attempt_id) == (Wrong.CHANGED, second)
    grown.write_bytes(b"a\nb\n")
    assert _wrong(verify(history)) == [("shorter", "0 of 2 bytes are there")]
    grown.write_bytes(b"a\nb\nc\nx")
    assert _wrong(verify(history)) == [("foreign", "1 bytes that linemill did not write are behind byte 6")]


@pytest.mark.parametrize(("offset", "what"), [(1, "byte 1"), (3, "byte 3")])
def test_a_gap_or_an_overlap_between_two_files_is_wrong(history, publish, tmp_path, offset, what):
    publish(tmp_path / "grown", b"aa", how="appended", offset=0)
    publish(tmp_path / "grown", b"aa", how="appended", offset=offset)
    (tmp_path / "grown").write_bytes(b"a" * (offset + 2))
    assert _wrong(verify(history))[0] == ("miscounted", f"{what} is where it begins, byte 2 where the one before ends")


def test_wrong_numbers_of_lines_are_told(history, publish, tmp_path):
    publish(tmp_path / "a", b"one\ntwo\n", lines=3)
    assert _wrong(verify(history)) == [("miscounted", "2 lines are there, 3 are counted")]


def test_what_was_replaced_or_is_not_published_yet_is_not_looked_at(records, history, publish, tmp_path):
    attempt = publish(tmp_path / "a", b"new\n")
    records.output(attempt, tmp_path / "a", b"older\n", replaced_by=attempt)
    records.output(attempt, tmp_path / "b", b"staged\n", is_published=False)
    assert verify(history).findings == ()
    assert verify(history).outputs == 1


def test_bytes_that_are_being_published_are_not_foreign(records, history, publish, tmp_path):
    attempt = publish(tmp_path / "grown", b"a\n", how="appended", offset=0)
    records.output(attempt, tmp_path / "grown", b"bcd\n", how="appended", offset=2, is_published=False)
    (tmp_path / "grown").write_bytes(b"a\nbc")
    assert verify(history).findings == ()
    (tmp_path / "grown").write_bytes(b"a\nbcd\nx")
    assert [finding.wrong for finding in verify(history).findings] == [Wrong.FOREIGN]


def test_what_a_mill_publishes_meanwhile_is_no_difference(records, history, publish, tmp_path, monkeypatch):
    attempt = publish(tmp_path / "grown", b"a\n", how="appended", offset=0)
    real = history.outputs_at
    calls: list[str] = []

    def outputs_at(target: str) -> Any:
        rows = real(target)
        if not calls:  # between the look at the catalog and the look at the file
            records.output(attempt, tmp_path / "grown", b"b\n", how="appended", offset=2)
            (tmp_path / "grown").write_bytes(b"a\nb\n")
        calls.append(target)
        return rows

    monkeypatch.setattr(history, "outputs_at", outputs_at)
    found = verify(history)
    assert (found.findings, found.lines) == ((), 2)


def test_one_file_alone_is_held_against_its_own_outputs(history, publish, tmp_path):
    publish(tmp_path / "grown", b"a\n", how="appended", offset=0)
    publish(tmp_path / "other", b"x\n")
    publish(tmp_path / "grown", b"b\n", how="appended", offset=2)
    (tmp_path / "other").unlink()
    (tmp_path / "grown").write_bytes(b"a\nB\n")
    first, second = sorted(row.id for row in history.find("grown"))
    assert verify(history, first).findings == ()
    assert verify(history, first).outputs == 1
    assert [finding.wrong for finding in verify(history, second).findings] == [Wrong.CHANGED]


def test_counts_that_agree_are_right_and_others_are_told(records, history):
    good = records.attempt(records.file("good"), lines=5, dead=2)
    records.node(good, 0, "first", came=4, gave={"": 3, "x": 1}, sent={"second": 3}, unrouted=1)
    records.node(good, 1, "second", came=3, gave={"": 2}, sent={"all": 2}, filtered=1)
    assert verify(history).findings == ()
    bad = records.attempt(records.file("bad"), lines=3, dead=0)
    records.node(bad, 0, "first", came=4, gave={"": 3}, sent={"second": 3}, dead=1)
    records.node(bad, 1, "second", came=2)
    assert {finding.attempt_id for finding in verify(history).findings} == {bad}
    assert [what for _, what in _wrong(verify(history))] == [
        "2 items came into node 'second', 3 were sent to it",
        "4 lines came into node 'first', 3 were read",
    ]


def test_counts_of_the_pipeline_as_it_is_are_held_against_its_routes(records, history, make_pipeline):
    pipeline = make_pipeline()
    attempt = records.attempt(records.file(), lines=2)
    records.node(attempt, 0, "keep", came=2, gave={"": 2}, sent={"all": 1})
    assert verify(history, pipeline=pipeline).findings == ()  # of another version, whose routes nobody knows
    version = version_of(pipeline)
    with Catalog.open(records.folder, "test") as catalog:
        loaded = catalog.version(version.text, version.sources, 1.0)
    records.update(schema.attempt, attempt, version_id=loaded)
    assert [what for _, what in _wrong(verify(history, pipeline=pipeline))] == [
        "what node 'keep' sent: 1 items counted, 2 expected from the other side [ledger]"
    ]


def test_counts_of_attempts_that_published_nothing_are_nobodys_business(records, history):
    attempt = records.attempt(records.file(state="failed"), state="failed", lines=0)
    records.node(attempt, 0, "first", came=4)
    assert verify(history).attempts == 0


def test_a_file_that_cannot_be_read_is_told(history, publish, tmp_path, monkeypatch):
    publish(tmp_path / "a", b"one\n")
    real = os.open

    def refuse(path: Any, *others: Any) -> int:
        if path == tmp_path / "a":
            raise PermissionError(13, "Permission denied")
        return real(path, *others)

    monkeypatch.setattr("os.open", refuse)
    assert _wrong(verify(history)) == [("unreadable", "permission denied")]


def test_a_catalog_that_cannot_be_read_ends_it(records, history):
    with records.engine.begin() as connection:
        schema.node_count.drop(connection)
    records.attempt(records.file())
    with pytest.raises(WorldError):
        verify(history)

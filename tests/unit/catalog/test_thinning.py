from __future__ import annotations

import os
from pathlib import Path

import pytest

from linemill.catalog import thinning, tracing
from linemill.catalog.records import How, Kind, Wish


def _keeps_none(path) -> bool:
    return False


def _names(yard) -> list[str]:
    return [name for (name,) in yard.rows("select name from file order by id")]


def test_files_that_are_over_for_long_go_with_all_that_belongs_to_them(yard, catalog):
    old, failed, young, ready, working = yard.claim(catalog, "old", "failed", "young", "ready", "working")
    yard.done(catalog, [old], 10.0, dead=1, traces=b"[]")
    catalog.fail([yard.failed(failed, ledger=yard.ledger())], 10.0)
    yard.done(catalog, [young], 90.0)
    catalog.set_back([ready], 10.0)
    assert sum(catalog.thin(100.0, age_s=50.0, most=100, keeps=_keeps_none)) == 2
    assert _names(yard) == ["young", "ready", "working"]
    for table in ("attempt", "output", "node_count", "dead_letter", "trace"):
        column = "id" if table == "attempt" else "attempt_id"
        left = {row[0] for row in yard.rows(f"select {column} from {table}")}
        assert left <= {young.attempt_id, ready.attempt_id, working.attempt_id}
    assert yard.rows("pragma foreign_key_check") == []


def test_of_more_files_than_most_the_oldest_go(yard, catalog):
    for number, name in enumerate("abcde"):
        yard.done(catalog, yard.claim(catalog, name), float(10 + number))
    assert sum(catalog.thin(100.0, age_s=1e9, most=2, keeps=_keeps_none)) == 3
    assert _names(yard) == ["d", "e"]
    assert sum(catalog.thin(100.0, age_s=1e9, most=2, keeps=_keeps_none)) == 0


def test_files_that_are_kept_stay(yard, catalog):
    yard.done(catalog, yard.claim(catalog, "a", "b"), 10.0)
    asked: list[object] = []

    def keeps(path: Path) -> bool:
        asked.append(path)
        return path.parts[-2:] == ("inbox", "a")

    assert sum(catalog.thin(100.0, age_s=1.0, most=100, keeps=keeps)) == 1
    assert _names(yard) == ["a"]
    assert yard.base / "processed" / "b" in asked


def test_many_files_go_in_several_transactions(yard, catalog, monkeypatch):
    monkeypatch.setattr(thinning, "SLICE", 3)
    names = [f"f{number}" for number in range(10)]
    yard.done(catalog, yard.claim(catalog, *names), 10.0)
    for number in range(10):
        catalog.event("somebody", "something", str(number), 10.0)
    kept = yard.base / "inbox" / "f4"
    assert sum(catalog.thin(100.0, age_s=1.0, most=100, keeps=lambda path: path == kept)) == 9
    assert _names(yard) == ["f4"]
    assert yard.rows("select * from event") == []


def test_events_go_by_age_and_by_number(yard, catalog):
    for number in range(6):
        catalog.event("somebody", "something", str(number), 10.0 * number)
    sum(catalog.thin(100.0, age_s=85.0, most=100, keeps=_keeps_none))
    assert [detail for (detail,) in yard.rows("select detail from event")] == ["2", "3", "4", "5"]
    sum(catalog.thin(100.0, age_s=1e9, most=1, keeps=_keeps_none))
    assert [detail for (detail,) in yard.rows("select detail from event")] == ["5"]


def test_a_version_goes_when_no_attempt_and_no_process_can_have_it(yard):
    yard.open().close()
    catalog = yard.open()
    began = yard.value("select began_at from owner")
    catalog.version("unused", {}, began - 20.0)
    used = catalog.version("used", {}, began - 20.0)
    loaded = catalog.version("loaded", {}, began - 20.0)
    catalog.version("loaded", {}, began + 1.0)
    yard.take(catalog, version_id=used)
    yard.claim(catalog, "a")
    catalog.set_back(yard.take(catalog), 1.0)
    (claim,) = yard.claim(catalog, "b")
    catalog.set_back([claim], 1.0)
    yard.take(catalog, version_id=used)
    sum(catalog.thin(began + 100.0, age_s=1.0, most=100, keeps=_keeps_none))
    assert {text for (text,) in yard.rows("select text from version")} == {"used", "loaded", "nodes: {}"}
    assert catalog.version("loaded", {}, began + 2.0) == loaded


def test_the_end_of_a_growing_file_outlives_what_is_known_of_its_lines(yard, catalog):
    (a, b) = yard.claim(catalog, "a", "b")
    redos = catalog.commit([yard.commit(a, yard.staged(a, "out/all.txt", How.APPENDED, size=12))], 5.0)
    catalog.published(redos, 5.0)
    assert sum(catalog.thin(100.0, age_s=1.0, most=100, keeps=_keeps_none)) == 1
    (redo,) = catalog.commit([yard.commit(b, yard.staged(b, "out/all.txt", How.APPENDED))], 6.0)
    assert redo.outputs[0].offset == 12


def test_the_end_of_a_file_of_its_own_goes_with_it(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    yard.done(catalog, [claim], 5.0)
    catalog.wish([claim.file_id], Wish(Kind.REDRIVE, "somebody"), 5.0)
    (redrive,) = yard.take(catalog)
    redos = catalog.commit([yard.commit(redrive, yard.staged(redrive, "out/a", How.APPENDED))], 6.0)
    catalog.published(redos, 6.0)
    assert yard.value("select bytes from growing") == 20
    sum(catalog.thin(100.0, age_s=1.0, most=100, keeps=_keeps_none))
    assert yard.rows("select * from growing") == []


@pytest.mark.parametrize("name", ["two\nlines", os.fsdecode(b"\xff\x85")])
def test_paths_are_asked_for_as_they_are(yard, catalog, name: str):
    yard.done(catalog, yard.claim(catalog, name), 10.0)
    assert sum(catalog.thin(100.0, age_s=1.0, most=100, keeps=lambda path: path == yard.base / "processed" / name)) == 0


def test_the_newest_traces_stay(yard, catalog, monkeypatch):
    monkeypatch.setattr(tracing, "MOST", 3)
    monkeypatch.setattr(tracing, "SLICE", 2)
    claims = yard.claim(catalog, *"abcdefgh")
    yard.done(catalog, claims, traces=b"[]")
    sum(catalog.thin(100.0, age_s=1e9, most=100, keeps=_keeps_none))
    kept = [claim.attempt_id for claim in claims[-3:]]
    assert [row[0] for row in yard.rows("select attempt_id from trace order by attempt_id")] == kept
    sum(catalog.thin(100.0, age_s=1e9, most=100, keeps=_keeps_none))
    assert yard.value("select count(*) from trace") == 3

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from linemill.catalog.history import History
from linemill.catalog.periods import EVER, HOUR, LATENCY_BOUNDS_S, MINUTE, Counts
from linemill.catalog.records import Kind, Wish
from linemill.engine import Ledger, NodeCounts, OutputCounts

DAY_S = 24 * 3600.0


@contextmanager
def _history(yard) -> Iterator[History]:
    history = History.open(yard.folder)
    assert history is not None
    with history:
        yield history


def _of(yard, seconds: int) -> dict[int, Counts]:
    with _history(yard) as history:
        return {row.start: row.counts for row in history.periods(seconds, 0)}


def _ever(yard) -> Counts:
    with _history(yard) as history:
        return history.now().totals


def _again(yard, catalog, claim, kind: Kind):
    catalog.wish([claim.file_id], Wish(kind, "somebody"), 2000.0)
    (again,) = yard.take(catalog, 2000.0)
    assert again.kind is kind
    return again


def test_a_file_is_counted_in_its_minute_in_its_hour_and_for_ever(yard, catalog):
    yard.done(catalog, yard.claim(catalog, "a", "b"), 7200.0, dead=1)
    yard.done(catalog, yard.claim(catalog, "c"), 7265.0)
    assert {start: counts.files for start, counts in _of(yard, MINUTE).items()} == {7200: 2, 7260: 1}
    assert {start: counts.files for start, counts in _of(yard, HOUR).items()} == {7200: 3}
    ever = _ever(yard)
    assert (ever.files, ever.failed, ever.lines, ever.raw_bytes, ever.dead) == (3, 0, 9, 30, {"node": 2})
    assert (ever.nodes["node"].came, ever.nodes["node"].gave, ever.nodes["node"].seconds) == (9, 7, 1.5)
    assert ever.routes == {"node": {"out": 7}}
    assert _of(yard, EVER) == {0: ever}


def test_periods_are_listed_from_a_time_on_the_oldest_first(yard, catalog):
    for now in (300.0, 180.0, 240.0):
        yard.done(catalog, yard.claim(catalog, "a"), now)
    with _history(yard) as history:
        assert [row.start for row in history.periods(MINUTE, 240.0)] == [240, 300]
        assert history.periods(MINUTE, 301.0) == []


def test_a_catalog_in_which_nothing_was_done_has_counted_nothing(yard, catalog):
    yard.claim(catalog, "a")
    assert _ever(yard) == Counts()
    assert yard.rows("select * from period") == []


@pytest.mark.parametrize("files", [1, 100])
def test_however_many_files_are_published_at_once_the_periods_are_read_and_written_once(yard, catalog, files: int):
    said: list[str] = []
    event.listen(catalog._database._engine, "before_cursor_execute", lambda *arguments: said.append(arguments[2]))
    claims = yard.claim(catalog, *map(str, range(files)))
    redos = catalog.commit([yard.commit(claim, dead=1) for claim in claims], 5.0)
    said.clear()
    catalog.published(redos, 5.0)
    assert [text.partition(" ")[0] for text in said if "period" in text] == ["SELECT", "UPDATE"]


@pytest.mark.parametrize("took_s", [0.0, 0.01, 0.011, 0.3, 1800.0, 1801.0, 1e9])
def test_a_file_counts_by_how_long_it_took_from_noticed_to_published(yard, catalog, took_s: float):
    claims = yard.claim(catalog, "a")
    yard.done(catalog, claims, claims[0].noticed_at + took_s)
    latency = _ever(yard).latency
    expected = next((index for index, bound in enumerate(LATENCY_BOUNDS_S) if took_s <= bound + 1e-9), len(LATENCY_BOUNDS_S))
    if took_s == 0.01:  # the difference of two times is rounded
        assert sum(latency[:2]) == 1
    else:
        assert latency.index(1) == expected
    assert _ever(yard).latency_s == pytest.approx(took_s)
    assert sum(latency) == 1


def test_a_clock_that_was_set_back_makes_no_time_that_is_below_nothing(yard, catalog):
    yard.done(catalog, yard.claim(catalog, "a"), 0.0)
    assert _ever(yard).latency[0] == 1
    assert _ever(yard).latency_s == 0.0


def test_a_file_that_failed_for_good_counts_with_its_code_and_nothing_else(yard, catalog):
    (a, b) = yard.claim(catalog, "a", "b")
    catalog.fail([yard.failed(a, ledger=yard.ledger(dead=1)), yard.failed(b, 9.0, ledger=yard.ledger())], 60.0)
    assert _ever(yard) == Counts(failed=1, failures={"bad_input": 1})
    assert list(_of(yard, MINUTE)) == [60]


def test_a_file_that_is_done_after_a_failed_try_counts_once(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.fail([yard.failed(claim, 5.0, ledger=yard.ledger())], 5.0)
    yard.done(catalog, yard.take(catalog, 5.0), 6.0)
    ever = _ever(yard)
    assert (ever.files, ever.failed, ever.lines, ever.nodes["node"].came) == (1, 0, 3, 3)


def test_a_file_that_was_done_twice_counts_twice_but_took_its_time_once(yard, catalog):
    claims = yard.claim(catalog, "a")
    yard.done(catalog, claims, 1000.0)
    yard.done(catalog, [_again(yard, catalog, claims[0], Kind.REPROCESS)], 9000.0)
    ever = _ever(yard)
    assert (ever.files, ever.lines, ever.raw_bytes, ever.nodes["node"].came) == (2, 6, 20, 6)
    assert (sum(ever.latency), ever.latency_s) == (1, 1.0)


def test_a_reprocess_that_fails_is_no_failed_file(yard, catalog):
    claims = yard.claim(catalog, "a")
    yard.done(catalog, claims)
    before = _ever(yard)
    catalog.fail([yard.failed(_again(yard, catalog, claims[0], Kind.REPROCESS))], 3000.0)
    assert _ever(yard) == before


def test_a_redrive_counts_what_nodes_did_and_what_died_again_but_no_line_and_no_file(yard, catalog):
    claims = yard.claim(catalog, "a")
    yard.done(catalog, claims, dead=2)
    yard.done(catalog, [_again(yard, catalog, claims[0], Kind.REDRIVE)], 3000.0, dead=1)
    ever = _ever(yard)
    assert (ever.files, ever.lines, ever.raw_bytes, sum(ever.latency)) == (1, 3, 10, 1)
    assert (ever.nodes["node"].came, ever.dead, ever.all_dead) == (6, {"node": 3}, 3)


def test_dead_letters_count_where_they_died(yard, catalog, monkeypatch):
    ledger = Ledger(
        9,
        2,
        {"node": NodeCounts(came=7, gave={"": 4, "odd": 1}, sent={"out": 4}, dead=2, unrouted=1)},
        {"out": OutputCounts(came=4, dead=1)},
    )
    monkeypatch.setattr(yard, "ledger", lambda lines=3, dead=0: ledger)
    yard.done(catalog, yard.claim(catalog, "a"))
    ever = _ever(yard)
    assert ever.dead == {"": 2, "node": 3, "out": 1}
    assert ever.all_dead == ledger.dead
    assert ever.nodes["node"].gave == 5


def test_what_another_process_had_committed_counts_once_when_it_is_published(yard):
    dead = yard.open()
    redos = dead.commit([yard.commit(claim) for claim in yard.claim(dead, "a")], 5.0)
    dead.close()
    taken = yard.open()
    taken_redos = taken.take_over(6.0).redos
    assert taken_redos == redos
    taken.published(taken_redos, 66.0)
    taken.published(taken_redos, 67.0)
    assert {start: (counts.files, counts.lines) for start, counts in _of(yard, MINUTE).items()} == {0: (0, 3), 60: (1, 0)}
    ever = _ever(yard)
    assert (ever.files, ever.lines) == (1, 3)


def test_a_file_that_was_named_and_whose_process_died_has_failed(yard):
    dead = yard.open("run")
    yard.given(dead, *yard.arrived("a", "b"))
    yard.claim(dead, "c")
    dead.close()
    yard.open().take_over(60.0)
    assert _ever(yard) == Counts(failed=2, failures={"interrupted": 2})


def test_what_is_not_ours_any_more_is_not_counted(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.set_back([claim], 2.0)
    catalog.commit([yard.commit(claim)], 5.0)
    catalog.fail([yard.failed(claim)], 5.0)
    assert _ever(yard) == Counts()


def test_the_highest_backlog_of_a_period_stays(yard, catalog):
    catalog.note_backlog(3, 7, 61.0)
    catalog.note_backlog(0, 4, 62.0)
    yard.done(catalog, yard.claim(catalog, "a"), 130.0)
    assert {start: counts.backlog for start, counts in _of(yard, MINUTE).items()} == {60: 7, 120: None}
    assert catalog.control("backlog") == 0
    with _history(yard) as history:
        assert history.now().standing.controls["backlog"] == 0


def test_what_was_done_since_is_the_difference_of_two_sums(yard, catalog):
    yard.done(catalog, yard.claim(catalog, "a"), 2.0, dead=1)
    before = _ever(yard)
    yard.done(catalog, yard.claim(catalog, "b", "c"), 70.0)
    since = _ever(yard).since(before)
    assert since.files == 2
    assert since.nodes["node"].came == 6
    assert since.routes == {"node": {"out": 6}}
    assert since.all_dead == 0
    assert sum(since.latency) == 2
    assert before.files == 1


def test_old_minutes_and_hours_go_and_the_sum_stays(yard, catalog):
    for day in (0, 399, 401, 402):
        yard.done(catalog, yard.claim(catalog, "a"), day * DAY_S)
    assert sum(catalog.thin(402.5 * DAY_S, age_s=1e9, most=100, keeps=lambda path: False)) == 0
    assert [start // DAY_S for start in _of(yard, MINUTE)] == [401, 402]
    assert [start // DAY_S for start in _of(yard, HOUR)] == [399, 401, 402]
    assert _ever(yard).files == 4

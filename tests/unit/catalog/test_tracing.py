"""Traces: what is kept of an attempt's lines, and how they are found again."""

from __future__ import annotations

import pytest

from linemill.catalog import tracing
from linemill.catalog.history import History
from linemill.engine import Given, Step, Traced
from linemill.errors import UsageError
from linemill.executors.traces import written_traces

BOTH = (
    Traced(1, "a", (Step("level", ("a",), (Given("x", "a", ("out",)),)), Step("out", ("a",)))),
    Traced(10, "b", (Step("level", ("b",)),)),
)
TRICKY = (Traced(10, '{"place":"out"}', (Step("level", ('"place":"out"',)),)),)


@pytest.fixture
def history(yard, catalog):
    opened = History.open(yard.folder)
    assert opened is not None
    with opened:
        yield opened


@pytest.fixture
def claims(yard, catalog):
    """Files that are done, the first with two traced lines, the third with one, the others with none."""
    claims = yard.claim(catalog, "a", "b", "c\udcff", "d")
    for claim, lines in zip(claims, (BOTH, (), TRICKY, ()), strict=True):
        yard.done(catalog, [claim], traces=written_traces(lines))
    return claims


def test_what_is_committed_is_given_the_newest_attempt_first(history, claims):
    page = history.traces()
    assert page.after is None
    assert [(row.attempt_id, row.file_id, row.file, row.lines) for row in page.rows] == [
        (claims[2].attempt_id, claims[2].file_id, "c\udcff", TRICKY),
        (claims[0].attempt_id, claims[0].file_id, "a", BOTH),
    ]


def test_those_of_one_file_one_node_and_one_line_are_found(history, claims):
    def found(**wanted):
        return [(row.file, [line.number for line in row.lines]) for row in history.traces(**wanted).rows]

    assert found(file_id=claims[0].file_id) == [("a", [1, 10])]
    assert found(file_id=claims[1].file_id) == []
    assert found(node="level") == [("c\udcff", [10]), ("a", [1, 10])]
    assert found(node="out") == [("a", [1])]
    assert found(line=10) == [("c\udcff", [10]), ("a", [10])]
    assert found(line=1, node="out", file_id=claims[0].file_id) == [("a", [1])]
    assert found(line=0) == found(node="\udcff") == found(node='lev"el') == found(line=2**80) == []


def test_pages_follow_each_other_without_a_gap(yard, catalog, history):
    claims = yard.claim(catalog, *"abcde")
    yard.done(catalog, claims, traces=written_traces(BOTH))
    for wanted in ({}, {"node": "out"}):
        seen, after = [], None
        while True:
            page = history.traces(limit=2, after=after, **wanted)
            seen += [row.file for row in page.rows]
            if (after := page.after) is None:
                break
        assert seen == list("edcba")


def test_a_page_looks_through_so_many_rows_and_says_where_it_goes_on(yard, catalog, history, monkeypatch):
    monkeypatch.setattr(tracing, "CHUNK", 2)
    monkeypatch.setattr(tracing, "LOOKED_AT", 4)
    yard.done(catalog, yard.claim(catalog, "wanted"), traces=written_traces(BOTH))
    yard.done(catalog, yard.claim(catalog, *"abcde"), traces=written_traces(TRICKY))
    first = history.traces(node="out", limit=10)
    assert first.rows == ()
    second = history.traces(node="out", limit=10, after=first.after)
    assert [row.file for row in second.rows] == ["wanted"]
    assert second.after is None


def test_a_cursor_of_another_list_is_refused(history, claims):
    with pytest.raises(UsageError):
        history.traces(after=history.files(limit=1).after)


def test_of_a_commit_that_is_taken_back_nothing_is_left(yard, catalog, history):
    (redo,) = catalog.commit([yard.commit(*yard.claim(catalog, "a"), traces=written_traces(BOTH))], 1_000.0)
    assert len(history.traces().rows) == 1
    catalog.undo(redo, 1_001.0)
    assert history.traces().rows == ()

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from linemill.catalog import Catalog, periods
from linemill.catalog.history import History
from linemill.catalog.periods import Counts, NodeWork
from linemill.errors import WorldError
from linemill.web import snapshot
from linemill.web.models import Stats
from linemill.web.moments import Moment, moment
from linemill.web.snapshot import FRESH_S, STALEST_S, Snapshots

NOW = 60_000_000.0
HOUR_S = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def snapshots(site, clock):
    return Snapshots(site, clock)


@pytest.fixture
def did(site, clock):
    """Have something done, now or at another time."""

    def apply(at: float | None = None, **counts) -> None:
        with site.catalog._database.writing() as connection:
            periods.add(connection, Counts(**counts), clock.now if at is None else at)

    return apply


@pytest.fixture
def asked(monkeypatch):
    """How often the catalog is asked for what it says now."""
    times: list[float] = []

    def ask(history: History, now: float) -> Moment:
        times.append(now)
        return moment(history, now)

    monkeypatch.setattr(snapshot, "moment", ask)
    return times


def test_a_new_catalog_says_that_nothing_was_done(snapshots):
    stats = snapshots.stats("10m")
    assert (stats.version, stats.mill.is_running, stats.files.inbox, stats.totals.files) == (None, False, None, 0)
    assert [node.name for node in stats.nodes] == ["level"]
    assert all(point.lines == 0 and point.backlog is None and point.latency_p50 is None for point in stats.points)


def test_nodes_routes_and_outputs_of_the_pipeline_say_what_they_did_and_others_nothing(snapshots, did):
    did(
        lines=12,
        nodes={"level": NodeWork(came=10, gave=8, filtered=1, seconds=0.25), "gone": NodeWork(came=99)},
        routes={"level": {"errors": 3, "rest": 5}, "gone": {"rest": 2}},
        dead={"level": 1, "": 2, "rest": 4},
    )
    stats = snapshots.stats("10m")
    (level,) = stats.nodes
    assert (level.came, level.gave, level.filtered, level.dead, level.seconds) == (10, 8, 1, 1, 0.25)
    assert {(route.source, route.target, route.count) for route in stats.routes} == {
        ("level", "errors", 3),
        ("level", "rest", 5),
    }
    assert {output.name: output.count for output in stats.outputs} == {"errors": 3, "rest": 7}
    assert (stats.totals.lines, stats.totals.dead) == (12, 7)


def test_rates_are_by_the_second(snapshots, did, clock):
    snapshots.stats("10m")
    for _ in range(20):
        clock.now += 1.0
        did(lines=50, raw_bytes=500, dead={"level": 5}, nodes={"level": NodeWork(came=40)}, routes={"level": {"rest": 30}})
        stats = snapshots.stats("10m")
    assert (stats.rates.lines, stats.rates.raw_bytes, stats.rates.dead) == (50.0, 500.0, 5.0)
    assert (stats.nodes[0].rate, stats.nodes[0].dead_rate) == (40.0, 5.0)
    assert {route.target: route.rate for route in stats.routes} == {"errors": 0.0, "rest": 30.0}
    assert {output.name: output.rate for output in stats.outputs} == {"errors": 0.0, "rest": 30.0}


@pytest.mark.parametrize(
    ("window", "number", "seconds", "then_s"),
    [("1h", 60, 60, 1800), ("24h", 24, 3600, 40_000), ("30d", 120, 21_600, 25 * 24 * 3600)],
)
def test_a_window_has_points_of_one_length_and_what_was_done_is_in_the_right_one(
    snapshots, did, clock, window, number, seconds, then_s
):
    clock.now += 17.0
    did(clock.now - then_s, lines=7, files=1, latency=[0, 0, 0, 0, 0, 0, 1, *[0] * 8])
    did(clock.now - 40 * 24 * 3600, lines=1000)
    did(lines=3)
    points = snapshots.stats(window).points
    assert len(points) == number
    assert {point.seconds for point in points[:-1]} == {seconds}
    assert points[-1].at + points[-1].seconds == clock.now
    with_lines = {point.at: point.lines for point in points if point.lines}
    assert list(with_lines.values()) == [7, 3]
    (first, _) = with_lines
    assert first <= clock.now - then_s < first + seconds
    assert next(point.latency_p95 for point in points if point.lines == 7) == pytest.approx(0.975)


def test_the_answer_is_computed_once_in_half_a_second_however_many_ask(snapshots, clock, asked, did):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: snapshots.text("10m" if number % 2 else "1h"), range(40)))
    assert len(asked) == 1
    clock.now += FRESH_S
    did(lines=1)
    assert json.loads(snapshots.text("10m"))["totals"]["lines"] == 1
    assert len(asked) == 2


@pytest.mark.parametrize(("takes_s", "fresh_s"), [(0.001, FRESH_S), (0.006, 1.2), (0.5, STALEST_S)])
def test_what_takes_long_to_compute_is_given_for_longer(snapshots, clock, asked, monkeypatch, takes_s, fresh_s):
    def slowly(history: History, now: float) -> Moment:
        asked.append(now)
        clock.now += takes_s
        return moment(history, now)

    monkeypatch.setattr(snapshot, "moment", slowly)
    then = clock.now
    text = snapshots.text("10m")
    assert snapshots.fresh_s == pytest.approx(fresh_s)
    clock.now = then + fresh_s - 0.01
    assert snapshots.text("10m") is text
    clock.now = then + fresh_s + 0.01
    assert snapshots.text("10m") is not text
    assert len(asked) == 2


def test_what_is_fresh_is_given_without_anything_being_asked(snapshots, clock, asked):
    assert snapshots.fresh_text("10m") is None
    text = snapshots.text("10m")
    assert snapshots.fresh_text("10m") is text
    assert snapshots.fresh_text("1h") is None
    clock.now += FRESH_S
    assert snapshots.fresh_text("10m") is None
    clock.now -= 10.0
    assert snapshots.fresh_text("10m") is None
    assert len(asked) == 1


def test_the_text_is_the_value_as_json(snapshots, did):
    did(lines=4)
    assert Stats.model_validate_json(snapshots.text("24h")) == snapshots.stats("24h")


def test_there_are_news_only_when_something_but_time_has_changed(snapshots, clock, did):
    first = snapshots.news()
    clock.now += 5.0
    assert snapshots.news() is first
    did(lines=4, files=1)
    clock.now += 1.0
    second = snapshots.news()
    assert second.number == first.number + 1
    said = Stats.model_validate_json(second.text)
    assert (said.totals.lines, said.at, len(said.points), said.points[0].lines) == (4, clock.now, 1, 4)


def test_news_end_when_rates_have_come_to_nothing(snapshots, clock, did):
    snapshots.news()
    did(lines=4)
    numbers = []
    for _ in range(60):
        clock.now += 0.5
        numbers.append(snapshots.news().number)
    assert numbers[-1] > numbers[0]
    assert len(set(numbers[30:])) == 1
    assert Stats.model_validate_json(snapshots.news().text).rates.lines == 0.0


def test_what_people_and_the_mill_say_of_it_is_said(site, snapshots, clock):
    site.catalog.set_control("paused", {"who": "me", "reason": "lunch", "at": 1.0}, 1.0)
    with Catalog.open(site.folder, "watch") as mill:
        mill.set_control("stalled", [{"file_id": 1, "node": "level", "since": 5.0}], 1.0)
        mill.set_control("blocked", {"reason": "little room", "since": 1.0}, 1.0)
        mill.note_backlog(12, 15, NOW)
        clock.now += 5.0
        stats = snapshots.stats("10m")
        assert stats.nodes[0].stalled_since == 5.0
        assert stats.mill.is_running
        assert stats.mill.blocked == "little room"
        assert stats.mill.paused is not None
        assert stats.mill.paused.reason == "lunch"
        assert stats.files.inbox == 12
        assert stats.points[-1].backlog == 15
    clock.now += 1.0
    stats = snapshots.stats("10m")
    assert (stats.nodes[0].stalled_since, stats.mill.is_running, stats.mill.blocked, stats.files.inbox) == (
        None,
        False,
        None,
        None,
    )


def test_a_node_has_its_own_points(snapshots, did, clock):
    clock.now += 30.0
    did(clock.now - HOUR_S / 2, nodes={"level": NodeWork(came=8)}, dead={"level": 2})
    did(nodes={"other": NodeWork(came=9)})
    for window in ("1h", "24h", "30d"):
        now, points = snapshots.node("level", window)
        assert (now.came, now.dead) == (8, 2)
        assert [(point.came, point.dead) for point in points if point.came] == [(8, 2)]
    assert sum(point.came for point in snapshots.node("level", "10m")[1]) == 0
    with pytest.raises(KeyError):
        snapshots.node("other", "1h")


def test_hostile_names_and_words_can_be_said(site, clock):
    pipeline = replace(site.pipeline(), name="\udcff\n<b>")
    hostile = Snapshots(replace(site, pipeline=lambda: pipeline), clock)
    site.catalog.set_control("paused", {"who": "\udc80", "reason": "<script>\ud800", "at": 1.0}, 1.0)
    assert json.loads(hostile.text("10m"))["pipeline"] == "\\xff\\n<b>"
    assert b"<script>" in hostile.news().text


def test_a_catalog_that_cannot_be_read_is_no_answer_and_later_it_is(snapshots, monkeypatch):
    with monkeypatch.context() as broken:

        def refuse(self: History) -> None:
            raise WorldError("the disk says no")

        broken.setattr(History, "now", refuse)
        with pytest.raises(WorldError):
            snapshots.text("10m")
    assert snapshots.text("10m")


def test_nothing_is_asked_of_the_catalog_while_nobody_asks(site, asked):
    Snapshots(site, time.time)
    assert asked == []

from __future__ import annotations

import pytest

from linemill.catalog.periods import LATENCY_BOUNDS_S, Counts, NodeWork, PeriodRow
from linemill.mill.explaining import MillState
from linemill.web.models import FileCounts
from linemill.web.moments import KEPT_S, LOST_S, Moment, Recent, quantile

NOW = 60_000_000.0
"""A full minute."""


def _moment(at: float, lines: int = 0, backlog: int | None = None) -> Moment:
    return Moment(at, _counts(lines), FileCounts(), MillState(), None, backlog)


def _counts(lines: int) -> Counts:
    return Counts(files=lines // 10, lines=lines, nodes={"node": NodeWork(came=lines)} if lines else {})


def _minutes(**lines: int):
    """Minutes before NOW, by their number: `m2=5` for five lines in the second last."""
    rows = [PeriodRow(60, int(NOW) - 60 * int(name[1:]), _counts(count)) for name, count in lines.items()]
    return lambda since: [row for row in rows if row.start >= since]


@pytest.mark.parametrize(
    ("counts", "share", "seconds"),
    [
        ({}, 0.5, None),
        ({0: 10}, 0.5, 0.005),
        ({0: 10}, 1.0, 0.01),
        ({6: 4}, 0.5, 0.75),
        ({5: 1, 6: 1}, 0.5, 0.5),
        ({0: 95, 9: 5}, 0.95, 0.01),
        ({14: 1}, 0.5, 1800.0),
        ({0: 1, 14: 9}, 0.95, 1800.0),
    ],
)
def test_a_share_of_the_files_took_no_longer_than_this(counts, share, seconds):
    latency = [counts.get(index, 0) for index in range(len(LATENCY_BOUNDS_S) + 1)]
    assert quantile(latency, share) == (None if seconds is None else pytest.approx(seconds))


def test_the_rate_is_that_of_the_last_ten_seconds():
    recent = Recent(_minutes())
    for step in range(61):
        recent.take(_moment(NOW + step / 2, 10 * step))
    seconds, lately = recent.rate()
    assert seconds == pytest.approx(10.0, abs=1.0)
    assert lately.lines / seconds == pytest.approx(20.0)
    assert lately.nodes["node"].came == lately.lines


def test_the_rate_is_nothing_ten_seconds_after_the_last_line():
    recent = Recent(_minutes())
    for step in range(39):
        recent.take(_moment(NOW + step / 2, 10 * min(step, 20)))
    assert recent.rate()[1].lines > 0
    for step in range(39, 43):
        recent.take(_moment(NOW + step / 2, 200))
    assert recent.rate()[1].lines == 0


@pytest.mark.parametrize(("after_s", "seconds", "lines"), [(30.0, 30.0, 40), (5.0, 65.0, 140)])
def test_the_first_who_asks_gets_the_rate_of_the_last_minute(after_s, seconds, lines):
    recent = Recent(_minutes(m0=40, m1=100, m2=1000))
    recent.take(_moment(NOW + after_s, 5000))
    took, lately = recent.rate()
    assert (took, lately.lines) == (seconds, lines)


def test_the_last_ten_minutes_are_those_of_the_catalog_and_then_what_was_seen():
    recent = Recent(_minutes(m0=40, m1=100, m5=1000, m10=7))
    for step in range(50):
        recent.take(_moment(NOW + 30 + step / 2, 5000 + step))
    stretches = list(recent.stretches())
    assert [stretch.at for stretch in stretches[:9]] == [NOW - 60 * number for number in range(9, 0, -1)]
    assert [stretch.counts.lines for stretch in stretches[:9]] == [0, 0, 0, 0, 1000, 0, 0, 0, 100]
    assert [(stretch.at, stretch.seconds) for stretch in stretches[9:]] == [
        (NOW, 30.5),
        (NOW + 30.5, 10.0),
        (NOW + 40.5, 10.0),
        (NOW + 50.5, 4.0),
    ]
    assert [stretch.counts.lines for stretch in stretches[9:]] == [41, 20, 20, 8]


def test_stretches_follow_each_other_without_a_gap_and_go_back_ten_minutes_and_no_more():
    recent = Recent(_minutes())
    for step in range(1500):
        recent.take(_moment(NOW + step, step))
        stretches = list(recent.stretches())
        ends = [stretch.at + stretch.seconds for stretch in stretches]
        assert ends[:-1] == [stretch.at for stretch in stretches[1:]]
        assert ends[-1] in (NOW + step, NOW)
        assert NOW + step - KEPT_S - 60 <= stretches[0].at <= NOW + step - KEPT_S + 60
        assert len(stretches) <= 70


def test_what_is_still_being_done_is_in_the_last_stretch():
    recent = Recent(_minutes())
    recent.take(_moment(NOW, 5))
    recent.take(_moment(NOW + 3, 9, backlog=4))
    recent.take(_moment(NOW + 4, 12, backlog=2))
    *_, last = recent.stretches()
    assert (last.at, last.seconds, last.counts.lines, last.counts.backlog) == (NOW, 4.0, 7, 4)


def test_the_backlog_is_the_highest_that_was_seen_in_each_stretch():
    recent = Recent(_minutes())
    for second in range(25):
        recent.take(_moment(NOW + second, backlog=100 - second))
    assert [stretch.counts.backlog for stretch in recent.stretches()][-3:] == [100, 90, 80]


@pytest.mark.parametrize(
    ("after_s", "lines"),
    [(LOST_S + 1, 5000), (-5.0, 5000), (1.0, 4000)],
    ids=["nobody asked for long", "the clock was set back", "another catalog is there"],
)
def test_what_cannot_be_continued_is_begun_anew_from_the_catalog(after_s, lines):
    asked: list[float] = []

    def minutes(since: float) -> list[PeriodRow]:
        asked.append(since)
        return []

    recent = Recent(minutes)
    recent.take(_moment(NOW + 30, 4990))
    recent.take(_moment(NOW + 31, 5000))
    assert len(asked) == 1
    recent.take(_moment(NOW + 31 + after_s, lines))
    assert len(asked) == 2
    assert all(stretch.counts.lines == 0 for stretch in recent.stretches())
    assert recent.rate()[1].lines == 0

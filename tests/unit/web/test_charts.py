"""Curves and bars over time."""

import re

import pytest

from linemill.web.models import Point
from linemill.web.pages import charts
from tests.unit.web import made_up

NOW = 1_772_438_953.0


def lines_of(points, window="10m", now=NOW, most=60):
    return charts.Laid(points, window, now, most)


def test_what_was_done_is_all_in_the_slots():
    points = [Point(at=NOW - 300 + number, seconds=1, lines=7) for number in range(300)]
    assert sum(lines_of(points).sums(lambda point: point.lines)) == pytest.approx(2100)


def test_a_long_point_counts_in_each_slot_with_its_share():
    minute = (NOW - 300) // 60 * 60
    points = [Point(at=minute, seconds=60, lines=600), Point(at=NOW - 2, seconds=2), Point(at=NOW, seconds=0)]
    sums = lines_of(points).sums(lambda point: point.lines)
    assert [round(amount, 6) for amount in sums if amount] == [100.0] * 6


def test_a_rate_is_what_was_done_by_the_second():
    points = [Point(at=NOW - 400 + 2 * number, seconds=2, lines=50) for number in range(200)]
    rates = lines_of(points).rates(lambda point: point.lines)
    assert [round(rate, 6) for rate in rates[25:-1]] == [25.0] * 34


def test_slots_are_as_long_as_the_points_where_those_are_longer():
    points = [Point(at=NOW - 3600 * number, seconds=3600) for number in range(24, 0, -1)]
    assert lines_of(points, "24h").number == 24


def test_the_last_point_which_is_not_over_does_not_make_slots_shorter():
    points = [Point(at=NOW - 60 * number - 1, seconds=60) for number in range(10, 0, -1)] + [Point(at=NOW - 1, seconds=1)]
    assert lines_of(points).length == 60


def test_where_nobody_looked_there_is_no_value():
    points = [Point(at=NOW - 500, seconds=2, backlog=5), Point(at=NOW - 20, seconds=2, backlog=None)]
    highest = lines_of(points).highest(lambda point: point.backlog)
    assert [value for value in highest if value is not None] == [5]


def test_a_curve_has_a_gap_where_nobody_looked(web_logs):
    backlog = charts.of_stats(made_up.stats(web_logs))[2]
    assert backlog.curves[-1].path.count("M") == 2
    assert backlog.curves[0].path.count("z") == 2


@pytest.mark.parametrize("window", ["10m", "1h", "24h", "30d"])
def test_everything_is_drawn_within_the_plane(web_logs, window):
    for chart in charts.of_stats(made_up.stats(web_logs, window=window)):
        for curve in chart.curves:
            assert re.fullmatch(r"[MLVhHz0-9 .\-]*", curve.path)
            for x, y in re.findall(r"[ML](\S+?) (\d+)", curve.path):
                assert -charts.WIDTH / 10 <= float(x) <= charts.WIDTH * 1.1
                assert 0 <= float(y) <= charts.HEIGHT


@pytest.mark.parametrize("window", ["10m", "1h", "24h", "30d"])
def test_nothing_at_all_can_be_drawn(web_logs, window):
    stats = made_up.stats(web_logs, window=window, points=())
    for chart in charts.of_stats(stats):
        assert chart.ticks[2] in ("0/s", "0", "0 ms")
    assert len(charts.table(stats)) == charts.ROWS


def test_a_burst_in_the_first_moment_of_a_slot_does_not_look_like_more(web_logs):
    now = NOW // 10 * 10 + 0.1
    rates = lines_of([Point(at=now - 0.1, seconds=0.1, lines=100)], now=now).rates(lambda point: point.lines)
    assert rates[-1] == pytest.approx(30)


def test_a_value_between_two_gaps_can_be_seen(web_logs):
    points = (Point(at=NOW - 120, seconds=2, backlog=5),)
    backlog = charts.of_stats(made_up.stats(web_logs, points=points))[2]
    (begin, end) = re.findall(r"[ML](\d+) ", backlog.curves[-1].path)
    assert int(begin) < int(end)


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (1.5, 2), (2, 2), (3, 4), (4.5, 6), (7, 10), (11, 20), (61, 100), (1e9 + 1, 2e9), (2**63, 1e19)]
)
def test_an_axis_ends_at_a_round_number(most, top):
    assert charts.top_of(most, 2) == pytest.approx(top)


def test_the_table_says_the_same_as_the_curves(web_logs):
    stats = made_up.stats(web_logs)
    rows = charts.table(stats)
    assert sum(row.dead for row in rows) == pytest.approx(sum(point.dead for point in stats.points))
    assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)


def test_a_node_has_its_own_curves(web_logs):
    came, dead = charts.of_node(made_up.node_page(web_logs), made_up.NOW)
    assert came.title == "Items"
    assert dead.now == "40"


def test_the_most_that_waited_in_a_minute_is_not_said_to_wait_now(web_logs):
    points = (Point(at=NOW - 60, seconds=60, backlog=4), Point(at=NOW, seconds=1, backlog=4))
    backlog = charts.of_stats(made_up.stats(web_logs, points=points))[2]
    assert (backlog.now, backlog.most) == ("", "4")

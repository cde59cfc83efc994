import time

import pytest

from linemill.cli.times import clock, distance


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (1000.3, "now"),
        (1012.0, "in 12 s"),
        (999.0, "1 s ago"),
        (1000.0 + 119, "in 119 s"),
        (1000.0 + 125, "in 2 min"),
        (1000.0 - 7_300, "2 h ago"),
        (1000.0 - 200_000, "2 d ago"),
    ],
)
def test_a_time_is_said_by_how_far_away_it_is(at, words):
    assert distance(at, 1000.0) == words


def test_times_are_those_of_the_place(monkeypatch):
    monkeypatch.setenv("TZ", "EST5")
    time.tzset()
    try:
        assert clock(0.0) == "1969-12-31 19:00:00"
    finally:
        monkeypatch.undo()
        time.tzset()

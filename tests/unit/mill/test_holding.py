from typing import Any

import pytest

from linemill.catalog import Catalog
from linemill.mill.holding import LONGEST_S, Hold


class Log:
    def __init__(self):
        self.events: list[str] = []

    def info(self, event: str, **values: Any) -> None:
        self.events.append(event)

    warning = error = info


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def catalog(tmp_path):
    with Catalog.open(tmp_path / ".linemill", "watch") as opened:
        yield opened


@pytest.fixture
def hold(catalog, log):
    return Hold(catalog, log, 0.0)


def test_nothing_is_claimed_until_the_wait_is_over_and_each_wait_is_longer(hold):
    hold.trouble("full", 100.0)
    assert not hold.may_claim(None, 100.5)
    assert hold.may_claim(None, 101.0)
    hold.trouble("full", 101.0)
    assert not hold.may_claim(None, 102.9)
    assert hold.may_claim(None, 103.0)


def test_a_wait_is_never_longer_than_the_longest(hold):
    for _ in range(20):
        hold.trouble("full", 0.0)
    assert hold.until == LONGEST_S


def test_a_trouble_is_said_once_and_stays_said_while_it_is_tried(hold, catalog, log):
    for now in (1.0, 5.0, 20.0):
        hold.trouble("full", now)
        assert hold.may_claim(None, hold.until)
        assert catalog.control("blocked") == {"reason": "full", "since": 1.0}
    assert log.events == ["mill_blocked"]
    assert hold.is_trying


def test_what_is_over_is_said_and_forgotten(hold, catalog, log):
    hold.trouble("full", 1.0)
    hold.over(1.5)
    assert hold.may_claim(None, 1.5)
    assert not hold.is_trying
    assert catalog.control("blocked") is None
    assert log.events == ["mill_blocked", "mill_unblocked"]


def test_too_little_room_is_said_and_over_when_there_is_room_again(hold, catalog):
    assert not hold.may_claim("no room", 1.0)
    assert catalog.control("blocked") == {"reason": "no room", "since": 1.0}
    assert hold.may_claim(None, 2.0)
    assert catalog.control("blocked") is None


def test_a_reason_of_an_earlier_mill_is_forgotten(catalog, log):
    catalog.set_control("blocked", {"reason": "full", "since": 1.0}, 1.0)
    Hold(catalog, log, 2.0)
    assert catalog.control("blocked") is None

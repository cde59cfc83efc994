import pytest

from linemill.web.slowing import (
    FORGOTTEN_S,
    FREE_TRIES,
    LONGEST_WAIT_S,
    MANY_A_MINUTE,
    MOST_ADDRESSES,
    NOTES_A_MINUTE,
    Slowing,
)


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def slowing(now):
    return Slowing(lambda: now[0])


def test_whoever_fails_often_has_to_wait_ever_longer(slowing, now):
    for _ in range(FREE_TRIES):
        slowing.failed("10.0.0.1")
        assert slowing.wait_s("10.0.0.1") == 0
    waits = []
    for _ in range(9):
        slowing.failed("10.0.0.1")
        waits.append(slowing.wait_s("10.0.0.1"))
        now[0] += waits[-1]
        assert slowing.wait_s("10.0.0.1") == 0
    assert waits == [1, 2, 4, 8, 16, 32, LONGEST_WAIT_S, LONGEST_WAIT_S, LONGEST_WAIT_S]


def test_a_wait_stays_bounded_however_often_somebody_fails(slowing):
    for _ in range(2000):
        slowing.failed("10.0.0.1")
    assert slowing.wait_s("10.0.0.1") == LONGEST_WAIT_S


def test_others_do_not_wait(slowing):
    for _ in range(100):
        slowing.failed("10.0.0.1")
    assert slowing.wait_s("10.0.0.2") == 0
    assert slowing.wait_s("") == 0


def test_the_addresses_that_one_has_in_ipv6_are_one(slowing):
    for number in range(FREE_TRIES + 1):
        slowing.failed(f"2001:db8::{number:x}")
    assert slowing.wait_s("2001:db8::ffff") > 0
    assert slowing.wait_s("2001:db8:0:1::1") == 0


def test_addresses_of_ipv4_stay_apart_where_ipv6_carries_them(slowing):
    for _ in range(FREE_TRIES + 1):
        slowing.failed("::ffff:10.0.0.1")
    assert slowing.wait_s("10.0.0.1") > 0
    assert slowing.wait_s("::ffff:10.0.0.2") == 0


def test_what_was_long_ago_is_forgotten(slowing, now):
    for _ in range(FREE_TRIES + 5):
        slowing.failed("10.0.0.1")
    now[0] += FORGOTTEN_S + 1
    slowing.failed("10.0.0.1")
    assert slowing.wait_s("10.0.0.1") == 0


def test_where_everybody_fails_nobody_has_free_tries(slowing, now):
    for number in range(MANY_A_MINUTE):
        slowing.failed(f"10.0.{number // 250}.{number % 250}")
    slowing.failed("192.168.0.1")
    assert slowing.wait_s("192.168.0.1") == 1
    assert slowing.wait_s("192.168.0.2") == 0
    now[0] += 61
    slowing.failed("192.168.0.2")
    assert slowing.wait_s("192.168.0.2") == 0


def test_only_so_many_addresses_are_remembered(slowing):
    for _ in range(FREE_TRIES + 5):
        slowing.failed("192.168.0.1")
    for number in range(MOST_ADDRESSES + 100):
        slowing.failed(f"10.{number // 65536}.{number // 256 % 256}.{number % 256}")
    assert len(slowing._failing) == MOST_ADDRESSES
    assert slowing.wait_s("192.168.0.1") == 0


def test_an_address_is_noted_once_a_minute_and_not_too_many_of_them(slowing, now):
    assert [slowing.failed("10.0.0.1") for _ in range(3)] == [True, False, False]
    now[0] += 61
    assert slowing.failed("10.0.0.1")
    noted = [slowing.failed(f"10.0.1.{number}") for number in range(100)]
    assert sum(noted) == NOTES_A_MINUTE - 1

import sys

import pytest

from linemill.counted import Counted


def test_a_list_has_all_that_comes_whatever_count_was_told():
    for count in (0, 3, 5, 1_000):
        assert list(Counted(map(str, range(5)), count)) == ["0", "1", "2", "3", "4"]


def test_a_list_gets_room_at_once():
    assert sys.getsizeof(list(Counted(iter(range(1_000)), 1_000))) == sys.getsizeof([None] * 1_000)
    assert sys.getsizeof(list(map(int, range(1_000)))) > sys.getsizeof([None] * 1_000)


def test_what_came_before_an_error_stays():
    some: list[float] = []
    with pytest.raises(ZeroDivisionError):
        some.extend(Counted((1 / number for number in [1, 2, 0, 4]), 4))
    assert some == [1, 0.5]

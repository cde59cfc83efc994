import pytest

from linemill.pipeline import Budget, Tries
from linemill.pipeline.graph import LONGEST_BACKOFF_S


@pytest.mark.parametrize(
    ("budget", "dead", "lines", "allows"),
    [
        (Budget(), 0, 0, True),
        (Budget(), 10, 11, True),
        (Budget(), 11, 100, False),
        (Budget(), 100, 1000, True),
        (Budget(), 101, 1000, False),
        (Budget(0.0, 0), 0, 3, True),
        (Budget(0.0, 0), 1, 3, False),
    ],
)
def test_a_share_never_allows_fewer_than_ten_and_a_count_is_taken_as_it_stands(budget, dead, lines, allows):
    assert budget.allows(dead, lines) is allows


@pytest.mark.parametrize("lines", [1, 2, 10])
def test_a_short_file_of_which_every_line_is_dead_is_not_done(lines):
    assert not Budget().allows(lines, lines)
    assert not Budget(share=0.01).allows(lines, lines)
    assert not Budget(share=0.99).allows(2 * lines, lines)
    assert Budget().allows(lines - 1, lines)


def test_who_allows_all_lines_or_a_count_of_them_gets_that():
    assert Budget(share=1.0).allows(3, 3)
    assert Budget(share=0.0, least=3).allows(3, 3)


def test_the_wait_doubles_from_try_to_try_up_to_five_minutes():
    tries = Tries(attempts=20, backoff_s=2.0)
    assert [tries.wait_s(failed, lambda: 0.0) for failed in (1, 2, 3, 8, 9, 10_000)] == [2.0, 4.0, 8.0, 256.0, 300.0, 300.0]
    assert LONGEST_BACKOFF_S == 300.0


@pytest.mark.parametrize(("chance", "wait_s"), [(0.0, 8.0), (0.5, 6.0), (1.0, 4.0)])
def test_chance_takes_up_to_half_of_the_wait_away(chance, wait_s):
    assert Tries(backoff_s=2.0).wait_s(3, lambda: chance) == wait_s
    assert Tries(backoff_s=0.0).wait_s(3, lambda: chance) == 0.0

"""Where spans go: told without locks, and never half understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from linemill.executors import places
from linemill.executors.places import CELLS, CHAINS, Chains, Ends
from linemill.files import Span


@pytest.fixture
def shared():
    return [0] * Ends.length(2)


@pytest.fixture
def ends(shared):
    return Ends(shared, 2)


@pytest.fixture
def make_span(make_task, tmp_path):
    """A task for a span of a file that is put together in one hidden file."""

    def apply(start, end, whole=tmp_path / ".whole", **others):
        return make_task(span=Span(start, end), whole={"all": whole}, **others)

    return apply


class TestEnds:
    def test_what_was_told_is_heard(self, ends):
        ends.tell(7, [100, 2**40])
        assert ends.ask(7) == [100, 2**40]
        assert ends.wait(7) == [100, 2**40]

    def test_what_was_not_told_is_not_heard_however_long_one_waits(self, ends, monkeypatch):
        monkeypatch.setattr(places, "WAIT_S", 0)
        assert ends.ask(7) is None
        assert ends.wait(7) == []

    def test_who_does_not_know_its_end_keeps_nobody_waiting(self, ends):
        ends.tell(7, [])
        assert ends.wait(7) == []

    def test_zero_is_a_place(self, ends):
        ends.tell(7, [0, 0])
        assert ends.wait(7) == [0, 0]

    def test_what_another_span_tells_in_the_same_cell_is_not_mistaken(self, ends):
        ends.tell(7 + CELLS, [1, 2])
        assert ends.ask(7) is None

    @pytest.mark.parametrize("index", range(3))
    def test_a_cell_of_which_one_number_has_not_arrived_is_as_good_as_empty(self, shared, ends, index):
        ends.tell(7, [1, 2])
        start = 7 * 3
        shared[start + index] = 0
        assert ends.ask(7) is None

    def test_it_may_be_told_anew(self, ends):
        ends.tell(7, [1, 2])
        ends.tell(7, [])
        assert ends.ask(7) == []


class TestChains:
    @pytest.fixture
    def chains(self):
        return Chains()

    def test_the_first_span_begins_at_the_beginning_and_the_others_follow(self, chains, make_span):
        first, second, third = (chains.place(make_span(start, start + 10)) for start in (0, 10, 20))
        assert (first.starts, first.before) == ({"all": 0}, None)
        assert (second.starts, second.before) == (None, first.number)
        assert (third.starts, third.before) == (None, second.number)

    def test_an_attempt_that_is_taken_up_again_says_where_it_begins(self, chains, make_span):
        first, second = chains.place(make_span(20, 30, starts={"all": 17})), chains.place(make_span(30, 40))
        assert (first.starts, second.before) == ({"all": 17}, first.number)

    def test_files_do_not_get_mixed_up(self, chains, make_span, tmp_path):
        first = chains.place(make_span(0, 10))
        other = chains.place(make_span(0, 10, tmp_path / ".other"))
        assert chains.place(make_span(10, 20)).before == first.number
        assert chains.place(make_span(10, 20, tmp_path / ".other")).before == other.number

    def test_a_span_that_is_worked_again_after_later_ones_writes_a_file_of_its_own(self, chains, make_span):
        for start in (0, 10, 20):
            last = chains.place(make_span(start, start + 10))
        assert chains.place(make_span(10, 20)) is None
        assert chains.place(make_span(30, 40)).before == last.number

    def test_a_span_whose_forerunner_is_unknown_writes_a_file_of_its_own(self, chains, make_span):
        assert chains.place(make_span(10, 20)) is None

    def test_whole_files_and_spans_without_a_whole_file_have_no_place(self, chains, make_task):
        assert chains.place(make_task()) is None
        assert chains.place(make_task(span=Span(0, 10))) is None

    def test_memory_does_not_grow_with_the_files(self, chains, make_span):
        for number in range(CHAINS + 1):
            chains.place(make_span(0, 10, Path(f"/whole{number}")))
        assert chains.place(make_span(10, 20, Path("/whole0"))) is None
        assert chains.place(make_span(10, 20, Path("/whole1"))) is not None

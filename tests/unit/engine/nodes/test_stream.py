"""Stream mode: called once, suspended between blocks, with the exact number of the line that was read last."""

from __future__ import annotations

from contextlib import suppress
from itertools import count, pairwise
from threading import Thread

import pytest
from greenlet import error as wrong_thread

from linemill.engine import Run
from linemill.errors import ProcessorFailed
from linemill.pipeline import OnError

SIZES = pytest.mark.parametrize("size", [1, 2, 3, 1000])


@pytest.fixture
def failure(make_node, run_lines):
    """Why the file of a stream fails."""

    def tell(stream, lines, size=1000, **others) -> ProcessorFailed:
        with pytest.raises(ProcessorFailed) as failed:
            run_lines(make_node(stream, "stream", **others), lines, size)
        return failed.value

    return tell


@pytest.fixture
def start(make_node, make_pipeline):
    """A run of one stream, opened."""

    def begin(stream, **others) -> Run:
        run = Run(make_pipeline(make_node(stream, "stream", **others)), clock=lambda: 0.0)
        run.open()
        return run

    return begin


@SIZES
def test_state_in_local_variables_lives_across_blocks(size, make_node, run_lines):
    def numbered(lines):
        for number, line in enumerate(lines, 1):
            yield f"{number} {line}"

    assert run_lines(make_node(numbered, "stream"), list("abcde"), size).lines() == ["1 a", "2 b", "3 c", "4 d", "5 e"]


@SIZES
def test_each_item_has_the_number_of_the_line_read_last(size, make_node, run_lines):
    def joined(lines):
        yield "head"
        for first in lines:
            second = next(lines, "-")
            yield first + second
            if second == "d":
                yield from ("again", "and again")
        yield "foot"

    went = run_lines(make_node(joined, "stream"), list("abcde"), size)
    assert went.outputs["out"] == [
        (0, "head"),
        (2, "ab"),
        (4, "cd"),
        (4, "again"),
        (4, "and again"),
        (5, "e-"),
        (5, "foot"),
    ]
    assert went.ledger.nodes["node"].filtered == 3


@SIZES
def test_numbers_are_those_of_the_file_after_a_filter(size, make_node, run_lines):
    nodes = [
        make_node(lambda line: line if line in "bdf" else None, name="keep", to="pairs"),
        make_node(lambda lines: map("".join, pairwise(lines)), "stream", name="pairs"),
    ]
    assert run_lines(nodes, list("abcdefg"), size).outputs["out"] == [(4, "bd"), (6, "df")]


@SIZES
def test_a_tagged_stream_is_told_by_which_tag_each_line_came(size, make_node, run_lines):
    def tell(pairs):
        for tag, line in pairs:
            yield tag, f"{tag}:{line}"

    nodes = [
        make_node(tell, "stream", name="first", to={"start": ["second"]}, is_tagged=True),
        make_node(lambda line: line if ":b" in line else (line[-1], line), name="second", to="third"),
        make_node(tell, "stream", name="third", to={"a": "a", "*": "rest"}, is_tagged=True),
    ]
    went = run_lines(nodes, ["a", "b", "c"], size)
    assert went.outputs == {"a": [(1, "a:start:a")], "rest": [(2, ":start:b"), (3, "c:start:c")]}


@SIZES
def test_a_stream_gives_whatever_a_line_may_give_but_lists_are_records(size, make_node, run_lines):
    def mixed(lines):
        for line in lines:
            yield {"text": line, "none": None, "pair": ("tag", line), "no pair": ("tag", None), "list": [line]}[line]

    went = run_lines(make_node(mixed, "stream"), ["text", "none", "pair", "no pair", "list"], size)
    assert went.outputs["out"] == [(1, "text"), (3, "pair"), (5, '["list"]')]
    assert went.ledger.nodes["node"].filtered == 2


@SIZES
def test_an_iterator_that_is_no_generator_is_a_stream(size, make_node, run_lines):
    went = run_lines(make_node(lambda lines: map(str.upper, lines), "stream"), ["a", "b", "c"], size)
    assert went.outputs["out"] == [(1, "A"), (2, "B"), (3, "C")]


@SIZES
def test_a_list_may_be_returned_and_comes_at_the_end(size, make_node, run_lines):
    went = run_lines(make_node(lambda lines: sorted(lines), "stream"), ["c", "a", "b"], size)
    assert went.outputs["out"] == [(3, "a"), (3, "b"), (3, "c")]


@SIZES
def test_what_a_stream_does_not_read_is_filtered(size, make_node, run_lines):
    def first(lines):
        yield next(lines)

    went = run_lines(make_node(first, "stream"), ["a", "b", "c", "d"], size)
    assert went.outputs["out"] == [(1, "a")]
    assert went.ledger.nodes["node"].filtered == 3


@pytest.mark.parametrize("lines", [[], ["a"]])
def test_a_stream_of_no_lines_is_called_too(lines, make_node, run_lines):
    def counted(lines):
        yield str(sum(1 for _ in lines))

    assert run_lines(make_node(counted, "stream"), lines).outputs["out"] == [(len(lines), str(len(lines)))]


def test_what_comes_at_the_end_comes_in_pieces(start):
    run = start(lambda lines: reversed(list(lines)))
    for first in range(0, 25_000, 5_000):
        run.feed([str(number) for number in range(first, first + 5_000)])
    pieces = [results.outputs["out"].data.decode().split() for results in run.close() if results.outputs]
    assert len(pieces) == 3
    assert max(map(len, pieces)) < 12_000
    assert [line for piece in pieces for line in piece] == [str(number) for number in range(24_999, -1, -1)]


@SIZES
def test_two_streams_in_a_row_and_after_a_fan_out(size, make_node, run_lines):
    def numbered(lines):
        for number, line in enumerate(lines, 1):
            yield f"{number}{line}"
        yield "end"

    nodes = [
        make_node(lambda line: (["up", "low"] if line == "b" else "up", line), name="split", to={"up": "one", "low": "three"}),
        make_node(numbered, "stream", name="one", to="two"),
        make_node(numbered, "stream", name="two", to="out"),
        make_node(numbered, "stream", name="three", to="out"),
    ]
    went = run_lines(nodes, ["a", "b", "c"], size)
    assert went.outputs["out"] == [
        (1, "11a"),
        (2, "22b"),
        (2, "1b"),
        (3, "33c"),
        (3, "4end"),
        (3, "end"),
        (2, "end"),
    ]


# Errors


@SIZES
def test_a_stream_that_raises_fails_its_file_with_the_line_that_it_had_read_last(size, failure):
    def raises(lines):
        for line in lines:
            yield line
            if line == "bad":
                raise ValueError("no good")

    failed = failure(raises, ["a", "b", "bad", "c"], size)
    assert str(failed) == (
        "the stream raised ValueError: no good [node 'node', after line 3]; "
        "mend the processor, or say `on_error: restart` at this node"
    )
    assert failed.code == "stream_raised"
    assert failed.traceback.splitlines()[1].startswith(f'  File "{__file__}"')


@pytest.mark.parametrize(("lines", "where"), [([], "before the first line"), (["a", "b"], "after line 2")])
@pytest.mark.parametrize("on_error", OnError)
def test_a_stream_that_raises_after_its_input_has_ended_fails(lines, where, on_error, failure):
    def raises(lines):
        yield from lines
        raise ValueError("late")

    assert f"the stream raised ValueError: late [node 'node', {where}]" in str(failure(raises, lines, on_error=on_error))


@pytest.mark.parametrize("on_error", OnError)
def test_a_stream_that_raises_before_it_reads_fails(on_error, failure):
    def raises(lines):
        raise ValueError("early")

    failed = failure(raises, ["a"], on_error=on_error)
    assert str(failed).startswith("the stream raised ValueError: early [node 'node', before the first line]")


def test_a_stream_whose_input_is_read_in_another_thread_fails(failure):
    def reads_elsewhere(lines):
        def read():
            with suppress(wrong_thread):
                found.extend(lines)

        found: list[str] = []
        reader = Thread(target=read)
        reader.start()
        reader.join()
        yield from found

    assert "its input was read in another thread, and lines were missed" in str(failure(reads_elsewhere, ["a", "b"]))


def test_an_error_that_is_no_exception_fails_the_file_too(failure):
    class Panic(BaseException):
        pass

    def raises(lines):
        raise Panic("overflow")

    assert "the stream raised Panic: overflow" in str(failure(raises, ["a"]))


def test_an_error_whose_text_cannot_be_made_fails_the_file_all_the_same(failure):
    class SaysNothingError(Exception):
        def __str__(self):
            raise ValueError

    def raises(lines):
        raise SaysNothingError

    assert "whose text could not be made" in str(failure(raises, ["a"]))


@pytest.mark.parametrize("result", ["text", None, 7])
def test_what_is_no_iterator_fails_the_file(result, failure):
    found = type(result).__name__
    assert f"gave {found} in place of an iterator of items" in str(failure(lambda lines: result, ["a"]))


@SIZES
def test_a_stream_may_restart_on_the_same_object_with_the_rest_of_the_lines(size, make_node, run_lines):
    class Counter:
        def __init__(self):
            self.calls = 0

        def __call__(self, lines):
            self.calls += 1
            for line in lines:
                if line == "bad":
                    raise ValueError(line)
                yield f"{self.calls} {line}"

    node = make_node(None, "stream", build=Counter, on_error=OnError.RESTART)
    went = run_lines(node, ["a", "bad", "bad", "b", "bad"], size)
    assert went.outputs["out"] == [(1, "1 a"), (4, "3 b")]
    assert went.whys() == [(2, "node", "raised"), (3, "node", "raised"), (5, "node", "raised")]
    assert went.ledger.nodes["node"].restarts == 3
    assert went.ledger.nodes["node"].filtered == 0


@SIZES
def test_a_stream_that_raises_again_without_reading_does_not_restart_for_ever(size, failure):
    class Broken:
        def __init__(self):
            self.is_broken = False

        def __call__(self, lines):
            if self.is_broken:
                raise ValueError("still broken")
            for line in lines:
                self.is_broken = line == "bad"
                if self.is_broken:
                    raise ValueError("broken")
                yield line

    failed = failure(None, ["a", "bad", "b"], size, build=Broken, on_error=OnError.RESTART)
    assert str(failed) == "the stream raised ValueError: still broken [node 'node', after line 2]"


def test_the_person_at_the_keyboard_is_obeyed(make_node, run_lines):
    def interrupted(lines):
        for _ in lines:
            raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        run_lines(make_node(interrupted, "stream", on_error=OnError.RESTART), ["x"])


# Endless ones


@SIZES
@pytest.mark.parametrize("item", ["x", None, ("tag", None)])
def test_a_stream_that_gives_too_much_for_a_line_fails(item, size, failure):
    def endless(lines):
        for line in lines:
            yield from (item for _ in (count() if line == "bad" else range(3)))

    failed = failure(endless, ["a", "b", "bad", "c"], size, max_yield=3)
    assert failed.code == "stream_endless"
    assert str(failed) == "gave more than 3 items after line 3 (max_yield) [node 'node']"


@pytest.mark.parametrize("items", [range(4), count()])
def test_a_stream_that_gives_too_much_before_it_reads_fails(items, failure):
    failed = failure(lambda lines: map(str, items), ["a"], max_yield=3)
    assert str(failed) == "gave more than 3 items before the first line (max_yield) [node 'node']"


def test_a_stream_that_gives_too_much_for_one_line_fails_at_exactly_that(make_node, run_lines, failure):
    def many(lines):
        yield from ("x" for line in lines for _ in range(int(line)))

    assert len(run_lines(make_node(many, "stream", max_yield=3), ["3", "3", "0", "3"]).lines()) == 9
    assert "after line 2" in str(failure(many, ["3", "4"], max_yield=3))


def test_a_stream_that_never_ends_after_its_input_fails(failure):
    def endless(lines):
        yield from lines
        yield from map(str, count())

    failed = failure(endless, ["a", "b"], max_yield=3)
    assert str(failed).startswith("gave more than 6 items after the end of its input (max_yield for each line that it read)")

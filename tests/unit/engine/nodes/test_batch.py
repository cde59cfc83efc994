"""Batch mode: all lines of a block in one call, and only the lines that raise alone are dead."""

from __future__ import annotations

from itertools import count

import pytest

from linemill.errors import ProcessorFailed


def test_results_stand_for_the_lines_in_order(make_node, run_lines):
    went = run_lines(make_node(lambda lines: [line.upper() for line in lines], "batch"), ["a", "b", "c"], 2)
    assert went.outputs["out"] == [(1, "A"), (2, "B"), (3, "C")]


def test_a_result_is_whatever_a_line_may_give(make_node, run_lines):
    results = ["a", None, ("tag", "b"), ["c", "d"], (text for text in "ef"), ("tag", None)]
    went = run_lines(make_node(lambda lines: results, "batch"), [""] * 6)
    assert went.outputs["out"] == [(1, "a"), (3, "b"), (4, "c"), (4, "d"), (5, "e"), (5, "f")]
    assert went.ledger.nodes["node"].filtered == 2


@pytest.mark.parametrize("make", [tuple, iter, lambda lines: map(str.upper, lines), lambda lines: dict.fromkeys(lines).keys()])
def test_any_iterable_as_long_will_do(make, make_node, run_lines):
    assert len(run_lines(make_node(make, "batch"), ["a", "b"]).lines()) == 2


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["a"], "1 results"),
        ([], "0 results"),
        (["a"] * 4, "more results"),
        (map(str, count()), "more results"),
        ("abc", "str"),
        (b"abc", "bytes"),
        ({"a": 1, "b": 2, "c": 3}, "dict"),
        (None, "NoneType"),
        (3, "int"),
    ],
)
def test_what_is_no_list_as_long_fails_the_file(given, found, make_node, run_lines):
    with pytest.raises(ProcessorFailed) as failed:
        run_lines(make_node(lambda lines: given, "batch"), ["x", "y", "z"])
    assert failed.value.code == "batch_length"
    assert str(failed.value).startswith(f"gave {found} for 3 lines [node 'node', lines 1 to 3]; a batch processor gives a list")


class Panic(BaseException):
    """What libraries written in Rust raise: no `Exception`."""


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_exactly_the_lines_that_raise_alone_are_dead(size, make_node, run_lines):
    def fussy(lines):
        if any(line % 7 == 3 for line in map(int, lines)):
            raise Panic("seven")
        return lines

    went = run_lines(make_node(fussy, "batch"), [str(number) for number in range(1, 41)], size)
    assert [number for number, _, _ in went.whys()] == [3, 10, 17, 24, 31, 38]
    assert went.numbers() == [number for number in range(1, 41) if number % 7 != 3]
    assert went.ledger.nodes["node"].filtered == 0


def test_an_error_of_half_a_block_is_not_chained_to_that_of_the_whole(make_node, run_lines):
    def fails(lines):
        raise ValueError(str(len(lines)))

    went = run_lines(make_node(fails, "batch"), ["a", "b", "c", "d"])
    for letter in went.dead:
        assert letter.error == "ValueError: 1"
        assert letter.traceback.count("Traceback") == 1


def test_a_generator_function_that_raises_half_way_is_halved_like_any_other(make_node, run_lines):
    def halves(lines):
        for line in lines:
            yield str(int(line))

    went = run_lines(make_node(halves, "batch"), ["1", "x", "3"])
    assert went.lines() == ["1", "3"]
    assert went.whys() == [(2, "node", "raised")]


def test_the_list_that_it_gets_is_its_own(make_node, run_lines):
    def greedy(lines):
        taken = [lines.pop(0) for _ in range(len(lines))]
        return [line.upper() for line in taken]

    nodes = [
        make_node(lambda line: line, name="first", to={"*": ["second", "kept"]}),
        make_node(greedy, "batch", name="second"),
    ]
    went = run_lines(nodes, ["a", "b"])
    assert went.lines("kept") == ["a", "b"]
    assert went.lines() == ["A", "B"]

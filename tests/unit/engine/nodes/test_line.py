"""Line mode: whatever a processor gives or raises, each line comes out once, or is dead, or gave nothing."""

from __future__ import annotations

import re
from itertools import count

import pytest

from linemill.engine import LineTimeout


class SaysNothing(Exception):
    """An error whose own text cannot be made."""

    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        ("text", ["text"]),
        ("", [""]),
        (None, []),
        ({"a": 1}, ['{"a":1}']),
        (7, ["7"]),
        (("tag", "text"), ["text"]),
        (("tag", {"a": 1}), ['{"a":1}']),
        (("tag", None), []),
        ((["tag", "other"], "text"), ["text", "text"]),
        ((["tag", "tag"], "text"), ["text"]),
        (([], "text"), []),
        (["one", "two"], ["one", "two"]),
        ([], []),
        ([None, ("tag", None), ("tag", "one"), (["tag", "other"], "two"), {"a": 1}], ["one", "two", "two", '{"a":1}']),
        ([["a", "list"], "in a list"], ['["a","list"]', "in a list"]),
        (("tag", ["a", "list"]), ['["a","list"]']),
        ((1, "no tag"), ['[1,"no tag"]']),
        (("three", "parts", "here"), ['["three","parts","here"]']),
    ],
)
def test_a_processor_may_give(result, lines, make_node, run_lines):
    went = run_lines(make_node(lambda line: result), ["x"])
    assert went.lines() == lines
    assert went.numbers() == [1] * len(lines)
    assert went.ledger.nodes["node"].filtered == (0 if lines else 1)


def test_a_generator_and_a_map_are_taken_apart_and_text_is_not(make_node, run_lines):
    def words(line):
        if line.startswith("map"):
            return map(str.upper, line.split())
        return (word for word in line.split()) if " " in line else line

    went = run_lines(make_node(words), ["a b", "text", "map this", ""])
    assert went.outputs["out"] == [(1, "a"), (1, "b"), (2, "text"), (3, "MAP"), (3, "THIS"), (4, "")]


def test_lines_are_filtered_by_none(make_node, run_lines):
    went = run_lines(make_node(lambda line: line if "k" in line else None), ["k1", "n", "k2"])
    assert went.outputs["out"] == [(1, "k1"), (3, "k2")]
    assert went.ledger.nodes["node"].filtered == 1


class Panic(BaseException):
    """What libraries written in Rust raise: no `Exception`."""


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), StopIteration(), SystemExit(3), GeneratorExit(), LineTimeout(1), SaysNothing(), Panic()],
)
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_what_a_processor_raises_loses_exactly_that_line(error, size, make_node, run_lines):
    def fussy(line):
        if line == "bad":
            raise error
        return line

    went = run_lines(make_node(fussy), ["bad", "a", "bad", "bad", "b", "bad"], size)
    assert went.outputs["out"] == [(2, "a"), (5, "b")]
    assert [number for number, _, _ in went.whys()] == [1, 3, 4, 6]
    assert went.ledger.nodes["node"].dead == 4
    assert went.ledger.nodes["node"].filtered == 0


def test_an_error_whose_text_cannot_be_made_is_named_all_the_same(make_node, run_lines):
    def fails(line):
        raise SaysNothing

    (letter,) = run_lines(make_node(fails), ["x"]).dead
    assert letter.error == "SaysNothing: <SaysNothing, whose text could not be made: ValueError>"


def test_the_person_at_the_keyboard_is_obeyed(make_node, run_lines):
    def interrupted(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_lines(make_node(interrupted), ["x"])


def test_a_generator_that_raises_half_way_loses_all_of_its_line(make_node, run_lines):
    def halves(line):
        yield f"{line} first"
        if line == "bad":
            raise ValueError(line)
        yield f"{line} second"

    went = run_lines(make_node(halves), ["good", "bad", "fine"])
    assert went.outputs["out"] == [(1, "good first"), (1, "good second"), (3, "fine first"), (3, "fine second")]
    assert went.whys() == [(2, "node", "raised")]
    assert went.ledger.nodes["node"].filtered == 0


@pytest.mark.parametrize(
    "results", [lambda: ["a"] * 4, lambda: iter(["a"] * 4), lambda: map(str, count()), lambda: (None for _ in count())]
)
@pytest.mark.parametrize("is_splittable", [True, False])
def test_a_line_that_gives_too_much_is_dead(results, is_splittable, make_node, run_lines):
    node = make_node(lambda line: results() if line == "much" else [line] * 3, max_yield=3, is_splittable=is_splittable)
    went = run_lines(node, ["a", "much", "b"])
    assert went.lines() == ["a", "a", "a", "b", "b", "b"]
    assert went.whys() == [(2, "node", "too_many")]
    assert went.dead[0].error == "gave more than 3 items for one line (max_yield)"
    assert went.dead[0].traceback == ""


@pytest.mark.parametrize("size", [1, 1000])
def test_what_an_iterator_gives_is_settled_before_the_next_line_changes_the_object(size, make_node, run_lines):
    class Numbered:
        def __init__(self):
            self.count = 0

        def __call__(self, line):
            self.count += 1
            return (f"{self.count} {part}" for part in line.split())

    node = make_node(None, build=Numbered, is_splittable=False)
    assert run_lines(node, ["a b", "c"], size).lines() == ["1 a", "1 b", "2 c"]


def test_every_run_has_an_object_of_its_own(make_node, run_lines):
    class Counter:
        def __init__(self):
            self.count = 0

        def __call__(self, line):
            self.count += 1
            return str(self.count)

    node = make_node(None, build=Counter, is_splittable=False)
    assert [run_lines(node, ["x"] * 2).lines() for _ in range(2)] == [["1", "2"]] * 2


def test_a_function_written_in_c_is_a_processor_too(make_node, run_lines):
    went = run_lines(make_node(re.compile("a+").fullmatch, to="drop"), ["aa", "b"])
    assert went.ledger.nodes["node"].sent == {"drop": 1}
    assert went.ledger.nodes["node"].filtered == 1


def test_a_subclass_of_text_is_text(make_node, run_lines):
    class Loud(str):
        pass

    went = run_lines(
        make_node(lambda line: Loud(line) if line != "bad" else ("lost", Loud("gone")), to={"": "out"}), ["a", "bad"]
    )
    assert went.lines() == ["a"]
    assert type(went.dead[0].item) is str

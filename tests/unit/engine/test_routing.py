"""Routes: every item goes where its tag says, in the order given, and branches cannot change each other's."""

from __future__ import annotations

import copy
from enum import StrEnum

import pytest

from linemill.errors import ProcessorFailed
from linemill.pipeline import OnError

SIZES = pytest.mark.parametrize("size", [1, 2, 1000])


@SIZES
def test_a_tag_with_a_route_goes_by_it_and_the_rest_by_the_star(size, make_node, run_lines):
    node = make_node(lambda line: line and (line, line), to={"a": "ones", "*": "rest"})
    went = run_lines(node, ["a", "b", "a", ""], size)
    assert went.outputs == {"ones": [(1, "a"), (3, "a")], "rest": [(2, "b"), (4, "")]}
    assert went.ledger.nodes["node"].gave == {"a": 2, "b": 1, "": 1}
    assert went.ledger.nodes["node"].sent == {"ones": 2, "rest": 2}


@SIZES
def test_a_line_without_a_route_is_a_dead_letter(size, make_node, run_lines):
    node = make_node(lambda line: [("a", line), ("b", {"of": line}), line], to={"a": "out"})
    went = run_lines(node, ["x", "y"], size)
    assert went.lines() == ["x", "y"]
    assert [(letter.number, letter.code, letter.error, letter.text, letter.item) for letter in went.dead] == [
        (1, "unrouted", "tag 'b' has no route", "x", '{"of": "x"}'),
        (1, "unrouted", "a line without a tag has no route", "x", None),
        (2, "unrouted", "tag 'b' has no route", "y", '{"of": "y"}'),
        (2, "unrouted", "a line without a tag has no route", "y", None),
    ]
    assert went.ledger.nodes["node"].unrouted == 4
    assert went.ledger.nodes["node"].dead == 0


def test_a_long_tag_makes_no_long_letter(make_node, run_lines):
    (letter,) = run_lines(make_node(lambda line: ("t" * 50_000, line), to={"a": "out"}), ["x"]).dead
    assert len(letter.error) == 10_001


def test_dropped_lines_are_counted_and_gone(make_node, run_lines):
    went = run_lines(make_node(lambda line: line, to={"*": ["drop", "out"]}), ["a", "b"])
    assert went.lines() == ["a", "b"]
    assert went.ledger.nodes["node"].sent == {"drop": 2, "out": 2}
    assert run_lines(make_node(lambda line: line, to="drop"), ["a"]).outputs == {}


@SIZES
@pytest.mark.parametrize("record", [{"flat": 1}, {"nested": {"list": [1]}}, ["list", [1]]])
def test_branches_cannot_change_each_others_records(size, record, make_node, run_lines):
    def parse(line):
        return "", copy.deepcopy(record)

    def change(item):
        inner = item
        while isinstance(inner, dict) and isinstance(next(iter(inner.values())), dict | list):
            inner = next(iter(inner.values()))
        inner.append("changed") if isinstance(inner, list) else inner.update(changed=1)
        return "", item

    nodes = [
        make_node(parse, name="parse", to={"*": ["one", "two", "out"]}),
        make_node(change, name="one", to="first"),
        make_node(change, name="two", to="second"),
    ]
    went = run_lines(nodes, ["x", "y"], size)
    assert went.lines("first") == went.lines("second")
    assert all(line.count("changed") == 1 for line in went.lines("first"))
    assert all("changed" not in line for line in went.lines("out"))


@pytest.mark.parametrize(
    "twice",
    [
        lambda record: (["a", "b"], record),
        lambda record: [("a", record), ("b", record)],
        lambda record: [("a", record), ("a", record)],
        lambda record: [record, record],
    ],
)
def test_a_record_that_is_given_twice_is_copied(twice, make_node, run_lines):
    def change(record):
        record["seen"] += 1
        return record

    nodes = [make_node(lambda line: twice({"seen": 0}), name="twice", to="change"), make_node(change, name="change")]
    assert run_lines(nodes, ["x"]).lines() == ['{"seen":1}'] * 2


def test_a_record_that_a_stream_gives_by_two_tags_is_copied(make_node, run_lines):
    def twice(lines):
        for _ in lines:
            record = {"seen": 0}
            yield "a", record
            yield "b", record

    def change(record):
        record["seen"] += 1
        return record

    nodes = [make_node(twice, "stream", name="twice", to="change"), make_node(change, name="change")]
    assert run_lines(nodes, ["x", "y"]).lines() == ['{"seen":1}'] * 4


def test_a_record_that_cannot_be_copied_fails_the_file(make_node, run_lines):
    class OneOfAKind:
        def __deepcopy__(self, memo):
            raise TypeError("no copies")

    node = make_node(lambda line: OneOfAKind(), to={"*": ["out", "more"]})
    with pytest.raises(ProcessorFailed) as failed:
        run_lines(node, ["x"])
    assert str(failed.value) == (
        "gave a record (OneOfAKind) that goes two ways and cannot be copied: TypeError: no copies [node 'node']; "
        "give plain dicts, lists, text and numbers where a route has several targets"
    )
    assert failed.value.code == "not_copied"


@SIZES
def test_several_tags_to_one_target_keep_the_order_given(size, make_node, run_lines):
    def give(line):
        return [("b", f"{line}1"), (["b", "a", "c"], f"{line}2"), f"{line}3", ("a", f"{line}4")]

    def tell(pairs):
        for tag, item in pairs:
            yield f"{tag}:{item}"

    nodes = [
        make_node(give, name="give", to={"a": "tell", "b": "tell", "c": "drop", "*": "tell"}),
        make_node(tell, "stream", name="tell", is_tagged=True),
    ]
    went = run_lines(nodes, ["x", "y"], size)
    assert went.lines() == ["b:x1", "b:x2", "a:x2", ":x3", "a:x4", "b:y1", "b:y2", "a:y2", ":y3", "a:y4"]


@SIZES
def test_where_routes_meet_order_is_by_line_then_by_node(size, make_node, run_lines):
    nodes = [
        make_node(lambda line: line, name="first", to={"*": ["third", "second", "out"]}),
        make_node(lambda line: [f"{line} second", f"{line} second again"], name="second"),
        make_node(lambda line: f"{line} third", name="third"),
    ]
    went = run_lines(nodes, ["a", "b"], size)
    assert went.outputs["out"] == [
        (number, f"{line}{rest}") for number, line in ((1, "a"), (2, "b")) for rest in ("", " second", " second again", " third")
    ]


def test_a_tag_of_an_enumeration_is_counted_as_the_text_that_it_is(make_node, run_lines):
    class Level(StrEnum):
        HIGH = "high"
        LOW = "low"

    for give in (lambda line: (Level(line), line), lambda line: [([Level(line)], line)]):
        went = run_lines(make_node(give, to={"high": "out"}), ["high", "low"])
        assert went.lines() == ["high"]
        assert {type(tag) for tag in went.ledger.nodes["node"].gave} == {str}
        assert went.dead[0].error == "tag 'low' has no route"


def test_an_error_of_one_branch_does_not_touch_the_other(make_node, run_lines):
    def fails(line):
        raise ValueError(line)

    def restarts(lines):
        for line in lines:
            yield from ()
            raise ValueError(line)

    nodes = [
        make_node(lambda line: line, name="both", to={"*": ["one", "two", "out"]}),
        make_node(fails, name="one"),
        make_node(restarts, "stream", name="two", on_error=OnError.RESTART),
    ]
    went = run_lines(nodes, ["a", "b"])
    assert went.lines() == ["a", "b"]
    assert went.whys() == [(1, "one", "raised"), (1, "two", "raised"), (2, "one", "raised"), (2, "two", "raised")]

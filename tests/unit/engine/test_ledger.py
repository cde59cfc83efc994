"""The ledger: counts that agree along every route, and add up over spans."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict

import pytest

from linemill.engine import Ledger, NodeCounts, OutputCounts
from linemill.errors import InvariantBroken

ROUTES: dict[str, dict[str, tuple[str, ...]]] = {"first": {"a": ("second", "out"), "*": ("drop",)}, "second": {"a": ("out",)}}


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(
        lines=10,
        too_long=1,
        nodes={
            "first": NodeCounts(9, {"a": 5, "": 2}, {"second": 5, "out": 5, "drop": 2}, filtered=1, dead=1, seconds=1.5),
            "second": NodeCounts(5, {"a": 3, "b": 1}, {"out": 3}, filtered=1, unrouted=1, restarts=1),
        },
        outputs={"out": OutputCounts(came=8, dead=1, lines=7, bytes=70)},
    )


def test_counts_that_agree_are_let_pass(ledger):
    ledger.check("first", ROUTES)
    assert ledger.dead == 1 + 1 + 1 + 1


@pytest.mark.parametrize("change", [-1, 1])
@pytest.mark.parametrize(
    ("where", "says"),
    [
        (lambda ledger, change: setattr(ledger, "lines", 10 + change), "what came into node 'first'"),
        (lambda ledger, change: setattr(ledger, "too_long", 1 + change), "what came into node 'first'"),
        (lambda ledger, change: setattr(ledger.nodes["second"], "came", 5 + change), "what came into node 'second'"),
        (lambda ledger, change: ledger.nodes["first"].gave.update(a=5 + change), "what node 'first' sent"),
        (lambda ledger, change: ledger.nodes["second"].sent.update(out=3 + change), "what node 'second' sent"),
        (lambda ledger, change: setattr(ledger.nodes["second"], "unrouted", 1 + change), "what node 'second' has no route for"),
        (lambda ledger, change: setattr(ledger.outputs["out"], "came", 8 + change), "what came to output 'out'"),
    ],
)
def test_a_lost_or_doubled_item_is_found_and_named(where, change, says, ledger):
    where(ledger, change)
    with pytest.raises(InvariantBroken) as broken:
        ledger.check("first", ROUTES)
    assert str(broken.value).startswith(says)


def test_spans_add_up(ledger):
    other = Ledger(
        lines=2,
        nodes={
            "first": NodeCounts(2, {"a": 1, "new": 1}, {"second": 1, "out": 1, "drop": 1}),
            "second": NodeCounts(1, filtered=1),
        },
        outputs={"out": OutputCounts(came=1, lines=1, bytes=5)},
    )
    total = Ledger()
    for part in (ledger, other):
        total.add(copy.deepcopy(part))
    total.check("first", ROUTES)
    assert total.lines == 12
    assert total.nodes["first"].gave == {"a": 6, "": 2, "new": 1}
    assert total.nodes["second"] == NodeCounts(6, {"a": 3, "b": 1}, {"out": 3}, filtered=2, unrouted=1, restarts=1)
    assert total.outputs["out"] == OutputCounts(came=9, dead=1, lines=8, bytes=75)
    assert total.nodes["first"].seconds == 1.5


def test_adding_does_not_tie_ledgers_together(ledger):
    total = Ledger()
    total.add(ledger)
    before = asdict(ledger)
    total.add(ledger)
    assert asdict(ledger) == before


def test_every_node_and_output_is_counted_from_the_start(make_node, run_lines):
    nodes = [make_node(lambda line: None, name="first", to="second"), make_node(str, name="second")]
    went = run_lines(nodes, [])
    assert list(went.ledger.nodes) == ["first", "second"]
    assert went.ledger.nodes["second"].came == 0
    assert went.ledger.outputs == {"out": OutputCounts()}


def test_lines_and_bytes_of_an_output_are_those_that_were_written(make_node, run_lines):
    results = iter(["a\nbc", {1, 2}, "é", {"a": 1}])
    went = run_lines(make_node(lambda line: next(results)), [""] * 4)
    assert went.ledger.outputs["out"] == OutputCounts(came=4, dead=1, lines=4, bytes=len("a\nbc\né\n{'a':1}\n".encode()))


def test_time_is_taken_a_node_and_block(make_node, run_lines):
    nodes = [make_node(str, name="first", to="second"), make_node(str, name="second")]
    went = run_lines(nodes, ["a", "b", "c"], 1)
    # Each look at the clock of the tests is one second later: opened once, three blocks, and closed once.
    assert {counts.seconds for counts in went.ledger.nodes.values()} == {5.0}


def test_a_ledger_leaves_the_process(ledger):
    assert pickle.loads(pickle.dumps(ledger)) == ledger

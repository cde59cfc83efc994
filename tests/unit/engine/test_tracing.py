"""Traces: what is written down of a line's way, and what that costs the others."""

from __future__ import annotations

import pickle

import pytest

from linemill.engine import Given, Run, Step
from linemill.engine.block import Picked
from linemill.engine.tracing import ITEMS_LIMIT, TEXT_LIMIT
from linemill.errors import ProcessorFailed


@pytest.fixture
def traced(make_pipeline):
    """Take lines through nodes, in blocks of `size` lines, and give the traces of those with these numbers."""

    def go(nodes, lines, samples, size=1000):
        run = Run(make_pipeline(*nodes), clock=lambda: 0.0, samples=samples)
        try:
            run.open()
            for start in range(0, len(lines), size):
                run.feed(lines[start : start + size])
            for _ in run.close():
                pass
        finally:
            run.abort()
        return run.traces

    return go


def _way(line):
    """Tell a line's steps in short: place, what came, what was given."""
    return [(step.place, list(step.came), [(one.tag, one.item) for one in step.gave]) for step in line.steps]


def test_the_way_of_a_line_goes_from_node_to_node_and_ends_in_an_output(traced, make_node):
    nodes = [make_node(str.upper, name="upper", to="mark"), make_node(lambda line: f"<{line}>", name="mark")]
    (line,) = traced(nodes, ["a", "b", "c"], (2,))
    assert (line.number, line.text) == (2, "b")
    assert line.steps == (
        Step("upper", ("b",), (Given("", "B", ("mark",)),)),
        Step("mark", ("B",), (Given("", "<B>", ("out",)),)),
        Step("out", ("<B>",)),
    )


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_however_lines_are_cut_into_blocks_their_ways_are_the_same(traced, make_node, size):
    def join(lines):
        held = []
        for line in lines:
            held.append(line)
            if len(held) == 2:
                yield "+".join(held)
                held = []
        yield from held

    def level(line):
        return ("odd" if line[-1] in "13579" else "even", line)

    nodes = [
        make_node(level, name="level", to={"odd": "join", "even": ["join", "even"]}),
        make_node(join, "stream", name="join"),
    ]
    lines = [f"line {number}" for number in range(1, 8)]
    found = traced(nodes, lines, (1, 2, 7, 100), size)
    assert [line.number for line in found] == [1, 2, 7]
    assert [_way(line) for line in found] == [
        [("level", ["line 1"], [("odd", "line 1")]), ("join", ["line 1"], [])],
        [
            ("level", ["line 2"], [("even", "line 2")]),
            ("join", ["line 2"], [("", "line 1+line 2")]),
            ("even", ["line 2"], []),
            ("out", ["line 1+line 2"], []),
        ],
        [("level", ["line 7"], [("odd", "line 7")]), ("join", ["line 7"], [("", "line 7")]), ("out", ["line 7"], [])],
    ]


def test_all_that_a_line_gives_is_listed_in_its_order_with_where_it_goes(traced, make_node):
    def split(line):
        yield ("late", line + "1")
        yield (["late", "early"], line + "2")
        yield ("lost", line + "3")
        yield line + "4"

    nodes = [make_node(split, name="split", to={"early": "early", "late": ["late", "all"], "*": "drop"})]
    (line,) = traced(nodes, ["a", "b"], (2,))
    assert line.steps[0].gave == (
        Given("late", "b1", ("late", "all")),
        Given("late", "b2", ("late", "all")),
        Given("early", "b2", ("early",)),
        Given("lost", "b3", ("drop",)),
        Given("", "b4", ("drop",)),
    )
    assert _way(line)[1:] == [("early", ["b2"], []), ("late", ["b1", "b2"], []), ("all", ["b1", "b2"], [])]


def test_a_tag_without_a_route_leads_nowhere(traced, make_node):
    (line,) = traced([make_node(lambda line: ("what", line), to={"ok": "out"})], ["a"], (1,))
    assert line.steps == (Step("node", ("a",), (Given("what", "a", ()),)),)


def test_what_a_line_gives_too_much_of_is_counted(traced, make_node):
    nodes = [make_node(lambda line: [("x" if number % 2 else "y", str(number)) for number in range(20)], name="many", to="keep")]
    nodes.append(make_node(str, name="keep"))
    (line,) = traced(nodes, ["a"], (1,))
    many, keep, out = line.steps
    assert [one.item for one in many.gave] == [str(number) for number in range(ITEMS_LIMIT)]
    assert (many.came, many.more) == (("a",), 20 - ITEMS_LIMIT)
    assert (len(keep.came), len(keep.gave), keep.more) == (ITEMS_LIMIT, ITEMS_LIMIT, 2 * (20 - ITEMS_LIMIT))
    assert (len(out.came), out.more) == (ITEMS_LIMIT, 20 - ITEMS_LIMIT)


def test_a_line_that_a_node_filters_or_breaks_on_ends_there(traced, make_node):
    def choose(line):
        if line == "bad":
            raise ValueError(line)
        return

    for lines in (["bad"], ["gone"]):
        (line,) = traced([make_node(choose)], lines, (1,))
        assert line.steps == (Step("node", (lines[0],)),)


def test_what_a_stream_gives_at_the_end_belongs_to_the_line_that_it_read_last(traced, make_node):
    nodes = [make_node(sorted, "stream", name="sort", to="keep"), make_node(str, name="keep")]
    lines = [f"{number:02}" for number in range(10, 0, -1)]
    first, last = traced(nodes, lines, (1, 10), 3)
    assert _way(first) == [("sort", ["10"], [])]
    assert last.steps[0].came == ("01",)
    assert [one.item for one in last.steps[0].gave] == ["01", "02", "03", "04", "05"]
    assert [(step.place, len(step.came), step.more) for step in last.steps] == [("sort", 1, 5), ("keep", 5, 10), ("out", 5, 5)]


def test_a_record_is_shown_as_it_was_when_it_passed(traced, make_node):
    def grow(record):
        record["more"] = 1
        return record

    nodes = [make_node(lambda line: {"text": line}, name="parse", to="grow"), make_node(grow, name="grow")]
    (line,) = traced(nodes, ["a"], (1,))
    assert _way(line) == [
        ("parse", ["a"], [("", '{"text":"a"}')]),
        ("grow", ['{"text":"a"}'], [("", '{"text":"a","more":1}')]),
        ("out", ['{"text":"a","more":1}'], []),
    ]


class _Mute:
    def __repr__(self):
        raise RuntimeError("no")


class _Panics:
    def __repr__(self):
        raise SystemExit


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({1, 2}, "{1, 2}"),
        (b"raw", "b'raw'"),
        (float("nan"), "NaN"),
        (_Mute(), "<_Mute, whose text could not be made: RuntimeError>"),
        (_Panics(), "<_Panics>"),
    ],
)
def test_what_json_cannot_say_is_shown_as_python_does(traced, make_node, item, text):
    (line,) = traced([make_node(lambda line: item, to="drop")], ["a"], (1,))
    assert [one.item for one in line.steps[0].gave] == [text]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * TEXT_LIMIT, "x" * TEXT_LIMIT),
        ("x" * (TEXT_LIMIT + 1), "x" * TEXT_LIMIT + "…"),
        ("a\udcff\x1b[2J", "a\\xff\x1b[2J"),
        ("\ud800é", "\\ud800é"),
    ],
)
def test_texts_are_short_and_can_be_said_in_utf_8(traced, make_node, text, kept):
    (line,) = traced([make_node(lambda line: [(line, line)], to="out")], [text], (1,))
    assert (line.text, line.steps[0].came, line.steps[0].gave[0]) == (kept, (kept,), Given(kept, kept, ("out",)))
    assert pickle.loads(pickle.dumps(line)) == line


def test_a_line_that_is_too_long_is_not_traced_and_those_after_it_are(make_pipeline, make_node):
    run = Run(make_pipeline(make_node(str)), clock=lambda: 0.0, samples=(2, 3))
    run.open()
    run.feed(["a"])
    run.skip(2, 1000, 10)
    run.feed(["c"])
    assert [(line.number, line.text) for line in run.traces] == [(3, "c")]


def test_lines_that_come_with_their_numbers_are_found_by_them(make_pipeline, make_node):
    run = Run(make_pipeline(make_node(str)), clock=lambda: 0.0, samples=(7, 8, 90, 91))
    run.open()
    run.feed(["a", "b", "c"], [7, 12, 90])
    assert [(line.number, line.text) for line in run.traces] == [(7, "a"), (90, "c")]


def test_a_block_without_a_sampled_line_looks_up_no_numbers(make_pipeline, make_node, monkeypatch):
    looked_up = []
    found = Picked._looked_up

    def look_up(self):
        looked_up.append(len(self))
        return found(self)

    monkeypatch.setattr(Picked, "_looked_up", look_up)
    nodes = [make_node(lambda line: (line[0], line), name="level", to={"a": "keep", "b": "other"}), make_node(str, name="keep")]
    run = Run(make_pipeline(*nodes), clock=lambda: 0.0, samples=(1, 10))
    run.open()
    for lines, is_traced in ((["a1", "b2", "a3"], True), (["a4", "b5"], False), (["a6", "b7", "a8", "b9", "a10"], True)):
        looked_up.clear()
        run.feed(lines)
        assert bool(looked_up) is is_traced
    assert [line.number for line in run.traces] == [1, 10]


def test_it_is_said_which_node_has_the_word(make_pipeline, make_node):
    said: list[int] = []

    def breaks(lines):
        for _ in lines:
            raise ValueError

    nodes = [make_node(str, name="first", to="second"), make_node(breaks, "stream", name="second")]
    run = Run(make_pipeline(*nodes), clock=lambda: 0.0, enters=said.append)
    run.open()
    said.clear()
    with pytest.raises(ProcessorFailed):
        run.feed(["a"])
    assert said == [1, 0, 2, 0]


def test_items_that_go_on_from_a_node_are_not_taken_for_the_line_whose_number_they_have(make_pipeline, make_node):
    nodes = [make_node(str.upper, name="upper", to="mark"), make_node(lambda line: f"<{line}>", name="mark")]
    run = Run(make_pipeline(*nodes), clock=lambda: 0.0, samples=(3,))
    run.feed(["a"], [3])
    results = run.resume("mark", ["joined"], [3], ["a"])
    assert results.outputs["out"].data == b"<joined>\n"
    (line,) = run.traces
    assert _way(line) == [("upper", ["a"], [("", "A")]), ("mark", ["A"], [("", "<A>")]), ("out", ["<A>"], [])]

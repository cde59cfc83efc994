"""Dead letters: the input line, what the node was given, why, and where in the user's code."""

from __future__ import annotations

import json

import pytest

from linemill.engine import Form, Run
from linemill.engine.dead import FRAMES_LIMIT, Tracebacks
from linemill.pipeline import Retry


def inner(line):
    raise ValueError(f"cannot do {line}")


def outer(line):
    return inner(line)


def chained(line):
    try:
        inner(line)
    except ValueError as error:
        raise KeyError("outer") from error


def while_handling(line):
    try:
        inner(line)
    except ValueError:
        raise KeyError("outer")  # noqa: B904  that is what is tested


def generator(line):
    yield outer(line)


def batch(lines):
    return [outer(line) for line in lines]


async def wait(line):
    return outer(line)


async def wait_for_several(line):
    yield outer(line)


def test_a_letter_shows_the_input_line_and_what_the_node_was_given(make_node, run_lines):
    nodes = [
        make_node(lambda line: {"upper": line.upper()} if line != "same" else line, name="first", to="second"),
        make_node(outer, name="second"),
    ]
    went = run_lines(nodes, ["a", "same", "b"])
    assert [(letter.number, letter.text, letter.item) for letter in went.dead] == [
        (1, "a", '{"upper": "A"}'),
        (2, "same", None),
        (3, "b", '{"upper": "B"}'),
    ]
    assert went.dead[1].error == "ValueError: cannot do same"


@pytest.mark.parametrize(
    ("item", "form"),
    [
        ("text", None),
        ('{"a": 1}', None),
        ({"a": [1, 2.5, None, "é"]}, Form.JSON),
        (7, Form.JSON),
        ((1, 2, 3), Form.REPR),
        ({1: "a"}, Form.REPR),
        ({"a": float("nan")}, Form.REPR),
        ({"a": "x" * 20_000}, Form.REPR),
        ({"a": b"x"}, Form.REPR),
        (object(), Form.REPR),
    ],
)
def test_a_letter_says_whether_what_the_node_was_given_can_be_had_again(make_node, run_lines, item, form):
    def fails(item):
        raise ValueError

    nodes = [make_node(lambda line: item, name="first", to="second"), make_node(fails, name="second")]
    (letter,) = run_lines(nodes, ["a"]).dead
    assert letter.form is form
    if form is Form.JSON:
        assert json.loads(letter.item or "") == item


def test_the_letter_of_what_a_stream_gave_before_it_read_shows_that(make_node, run_lines):
    nodes = [make_node(lambda lines: iter(["head"]), "stream", name="first", to="second"), make_node(outer, name="second")]
    (letter,) = run_lines(nodes, ["a"]).dead
    assert (letter.number, letter.text, letter.item) == (0, "head", None)


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_the_letter_of_what_a_stream_gave_at_the_end_shows_the_line_read_last(size, make_node, run_lines):
    def keep(line):
        return line if line.startswith("k") else None

    def last(lines):
        kept = list(lines)
        yield f"{len(kept)} kept"

    nodes = [
        make_node(keep, name="keep", to="last"),
        make_node(last, "stream", name="last", to="again"),
        make_node(lambda lines: (line for line in list(lines)), "stream", name="again", to="fail"),
        make_node(outer, name="fail"),
    ]
    (letter,) = run_lines(nodes, ["k1", "n", "k2", "n", "n", "n"], size).dead
    assert (letter.number, letter.text, letter.item) == (3, "k2", "2 kept")


def test_long_things_are_cut(make_node, run_lines):
    def fails(item):
        raise ValueError("e" * 50_000)

    nodes = [make_node(lambda line: {"long": line}, name="first", to="second"), make_node(fails, name="second")]
    (letter,) = run_lines(nodes, ["x" * 50_000]).dead
    assert letter.text == "x" * 10_000 + "…"
    assert letter.item is not None
    assert letter.error.startswith("ValueError: eee")
    assert {len(letter.item), len(letter.error), len(letter.traceback)} == {10_001}
    assert letter.traceback.startswith("…")


def test_what_cannot_be_shown_is_said_to_be_so(make_node, run_lines):
    class Shy:
        def __repr__(self):
            raise RuntimeError

    class Hostile(dict[str, int]):
        def items(self):
            raise LookupError

    nodes = [make_node(lambda line: [Shy(), Hostile(a=1), {1, 2}], name="first", to="second"), make_node(inner, name="second")]
    shy, hostile, plain = run_lines(nodes, ["x"]).dead
    assert shy.item == "<Shy, whose text could not be made: RuntimeError>"
    assert hostile.item == "{'a': 1}"
    assert plain.item == "{1, 2}"


@pytest.mark.parametrize(
    ("processor", "mode", "first"),
    [
        (outer, "line", "outer"),
        (generator, "line", "generator"),
        (batch, "batch", "batch"),
        (wait, "async", "wait"),
        (wait_for_several, "async", "wait_for_several"),
    ],
)
@pytest.mark.parametrize("retry", [None, Retry(on=(ValueError,), attempts=2, wait_s=0.0001, wait_max_s=0.0001)])
def test_a_traceback_begins_in_the_users_code_and_ends_with_the_error(processor, mode, first, retry, make_node, run_lines):
    (letter,) = run_lines(make_node(processor, mode, retry=retry), ["x"]).dead
    head, place, *rest = letter.traceback.splitlines()
    assert head == "Traceback (most recent call last):"
    assert place.startswith(f'  File "{__file__}"')
    assert place.endswith(f", in {first}")
    assert rest[-1] == "ValueError: cannot do x"
    assert "linemill/engine" not in letter.traceback
    assert "stamina" not in letter.traceback


@pytest.mark.parametrize("processor", [chained, while_handling])
def test_a_chained_error_is_told_whole(processor, make_node, run_lines):
    (letter,) = run_lines(make_node(processor), ["x"]).dead
    assert "ValueError: cannot do x" in letter.traceback
    assert letter.traceback.endswith("KeyError: 'outer'\n")
    assert letter.error == "KeyError: 'outer'"
    assert "linemill/engine" not in letter.traceback


def test_notes_and_groups_are_told_too(make_node, run_lines):
    def fails(line):
        error: Exception = ExceptionGroup("several", [ValueError("one of them")]) if line == "group" else ValueError("noted")
        error.add_note("try it on a Monday")
        raise error

    group, noted = run_lines(make_node(fails), ["group", "note"]).dead
    assert "ValueError: one of them" in group.traceback
    assert noted.traceback.endswith("ValueError: noted\ntry it on a Monday\n")


def test_the_frames_of_ever_new_places_are_not_kept_for_ever():
    tracebacks = Tracebacks()
    for number in range(FRAMES_LIMIT + 10):
        with pytest.raises(ValueError) as raised:
            exec(compile("\n" * number + "raise ValueError('deep')", "made up", "exec"))
        assert f"line {number + 1}" in tracebacks.of(raised.value)
    assert len(tracebacks._frames) <= FRAMES_LIMIT


def test_a_line_that_was_too_long_is_a_letter_by_reference(make_node, make_pipeline):
    run = Run(make_pipeline(make_node(outer)), clock=lambda: 0.0)
    run.open()
    run.feed(["a", "b"])
    (letter,) = run.skip(4, 9_000, 100).dead
    assert (letter.number, letter.node, letter.code) == (3, "", "too_long")
    assert (letter.text, letter.offset, letter.length) == (None, 4, 9_000)
    assert letter.error == "the line has 9,000 bytes, more than max_line (100)"
    assert [letter.number for letter in run.feed(["c"]).dead] == [4]
    assert (run.ledger.lines, run.ledger.too_long, run.ledger.dead) == (4, 1, 4)

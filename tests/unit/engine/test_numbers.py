"""Lines that are handed over with their numbers, as dead letters are that are tried again."""

from __future__ import annotations

from itertools import count

import pytest

from linemill.engine import Run


@pytest.fixture
def run_numbered(make_pipeline):
    """Take lines with numbers through nodes, in blocks of `size`; give numbers and lines that came out, and the run."""

    def go(nodes, letters, size):
        ticks = count()
        run = Run(make_pipeline(*nodes), clock=lambda: next(ticks))
        results = [run.open()]
        for start in range(0, len(letters), size):
            numbers, lines = zip(*letters[start : start + size], strict=True)
            results.append(run.feed(list(lines), list(numbers)))
        results += run.close()
        run.abort()
        rendered = [result.outputs["out"] for result in results if "out" in result.outputs]
        out = [line for one in rendered for line in one.data.decode().splitlines()]
        sources = [number for one in rendered for number in one.numbers]
        return list(zip(sources, out, strict=True)), [letter for result in results for letter in result.dead], run.ledger

    return go


def _fussy(line):
    if line == "bad":
        raise ValueError
    return line.upper()


def _later(lines):
    held = list(lines)
    yield from held


LETTERS = [(7, "a"), (8, "bad"), (40, "b"), (41, "c"), (1000, "bad")]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_outputs_and_dead_letters_carry_the_numbers(size, make_node, run_numbered):
    went, dead, ledger = run_numbered([make_node(_fussy)], LETTERS, size)
    assert went == [(7, "A"), (40, "B"), (41, "C")]
    assert [(letter.number, letter.text) for letter in dead] == [(8, "bad"), (1000, "bad")]
    assert (ledger.lines, ledger.dead) == (5, 2)


@pytest.mark.parametrize("size", [1, 2, 100])
def test_also_behind_a_stream_that_gives_everything_at_the_end(size, make_node, run_numbered):
    nodes = [make_node(_later, "stream", name="later", to="node"), make_node(_fussy)]
    went, dead, _ = run_numbered(nodes, LETTERS, size)
    assert [line for _, line in went] == ["A", "B", "C"]
    assert [letter.number for letter in dead] == [1000, 1000]


def test_a_line_of_the_block_is_found_by_its_number(make_node, run_numbered):
    def wraps(line):
        return {"line": line}

    def fails(record):
        raise ValueError

    nodes = [make_node(wraps, name="wraps", to="node"), make_node(fails)]
    _, dead, _ = run_numbered(nodes, LETTERS, 100)
    assert [(letter.number, letter.text) for letter in dead] == LETTERS

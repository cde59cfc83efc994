"""Letting go of a run in the middle: every stream is thrown out of what it does, whatever it swallows."""

from __future__ import annotations

import pytest
from greenlet import GreenletExit

from linemill.engine import Run


@pytest.fixture
def start(make_node, make_pipeline):
    """A run of one stream, opened."""

    def begin(stream, **others) -> Run:
        run = Run(make_pipeline(make_node(stream, "stream", **others)), clock=lambda: 0.0)
        run.open()
        return run

    return begin


def test_abort_runs_the_finally_blocks_of_a_stream(start):
    done = []

    def careful(lines):
        try:
            yield from lines
        finally:
            done.append("let go")

    run = start(careful)
    run.feed(["a"])
    run.abort()
    assert done == ["let go"]
    run.abort()
    assert done == ["let go"]


def test_abort_closes_a_stream_in_the_middle_of_its_last_words(start):
    done = []

    def talkative(lines):
        try:
            for _ in lines:
                pass
            yield from map(str, range(50_000))
        finally:
            done.append("let go")

    run = start(talkative)
    run.feed(["a"] * 10)
    next(run.close())
    run.abort()
    assert done == ["let go"]


@pytest.mark.parametrize("swallowed", [GreenletExit, BaseException])
def test_abort_ends_a_stream_that_swallows_it(swallowed, start):
    done = []

    def stubborn(lines):
        try:
            yield from lines
        except swallowed:
            done.append("swallowed")
        yield from map(str, range(30_000))
        done.append("ended")

    run = start(stubborn)
    run.feed(["a"])
    run.abort()
    assert done == ["swallowed"]


def test_abort_ends_a_stream_that_swallows_its_closing_and_goes_on(start):
    done = []

    def stubborn(lines):
        for _ in lines:
            pass
        try:
            yield from map(str, range(30_000))
        except GeneratorExit:
            done.append("swallowed")

    run = start(stubborn)
    run.feed(["a"] * 10)
    next(run.close())
    run.abort()
    assert done == ["swallowed"]


def test_abort_lets_go_of_all_streams_though_one_raises(make_node, make_pipeline):
    done = []

    def raises(lines):
        try:
            yield from lines
        finally:
            raise ValueError("on the way out")

    def careful(lines):
        try:
            yield from lines
        finally:
            done.append("let go")

    nodes = [make_node(raises, "stream", name="one", to="two"), make_node(careful, "stream", name="two")]
    run = Run(make_pipeline(*nodes), clock=lambda: 0.0)
    run.open()
    run.feed(["a"])
    run.abort()
    assert done == ["let go"]


def test_a_run_that_was_never_opened_can_be_let_go_of(make_node, make_pipeline):
    Run(make_pipeline(make_node(iter, "stream")), clock=lambda: 0.0).abort()

"""`line_timeout` with the real watchdog: the line that hangs is dead, the rest goes on."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress

import pytest

from linemill.engine import Run
from linemill.errors import ProcessorFailed
from linemill.executors.watchdog import Watchdog
from linemill.pipeline import OnError

LIMIT_S = 0.03
"""Short, for the tests' sake. What must not be interrupted stays far below it, or moves."""


def busy(line):
    while line == "bad":
        pass
    return line


def catastrophic(line):
    return re.sub(r"(a|aa)+$", "", "a" * 60 + "b") if line == "bad" else line


def generator(line):
    yield line
    busy(line)


def mapped(line):
    return map(busy, [line])


def swallows(line):
    try:
        return busy(line)
    except Exception:
        return "swallowed"


def batch(lines):
    return [busy(line) for line in lines]


async def wait_for(line):
    return busy(line)


def stream(lines):
    for line in lines:
        yield busy(line)


def stream_with_a_regex(lines):
    return map(catastrophic, lines)


@pytest.fixture
def timed_run(make_node, run_lines):
    """What becomes of lines of a processor that is watched."""

    def go(processor, mode, lines, size=1000, **others):
        node = make_node(processor, mode, line_timeout_s=LIMIT_S, **others)
        return run_lines(node, lines, size, watch=Watchdog())

    return go


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    ("processor", "mode"),
    [
        (busy, "line"),
        (catastrophic, "line"),
        (generator, "line"),
        (mapped, "line"),
        (swallows, "line"),
        (batch, "batch"),
        (wait_for, "async"),
        (stream, "stream"),
        (stream_with_a_regex, "stream"),
    ],
)
def test_a_line_that_hangs_is_dead_and_the_rest_goes_on(processor, mode, size, timed_run):
    went = timed_run(processor, mode, ["a", "bad", "b", "bad", "c", "bad"], size, on_error=OnError.RESTART)
    assert went.outputs["out"] == [(1, "a"), (3, "b"), (5, "c")]
    assert went.whys() == [(2, "node", "timeout"), (4, "node", "timeout"), (6, "node", "timeout")]
    assert {letter.error for letter in went.dead} == {"stayed on the line for longer than 0.03 s (line_timeout)"}
    assert went.ledger.nodes["node"].filtered == 0


def test_the_traceback_says_where_it_hung(timed_run):
    (letter,) = timed_run(busy, "line", ["bad"]).dead
    assert letter.traceback.splitlines()[1].startswith(f'  File "{__file__}"')


def test_a_stream_that_hangs_fails_its_file_unless_it_may_restart(timed_run):
    with pytest.raises(ProcessorFailed) as failed:
        timed_run(stream, "stream", ["a", "bad", "b"])
    assert str(failed.value).startswith(
        "the stream stayed on the line for longer than 0.03 s (line_timeout) [node 'node', after line 2]"
    )


@pytest.mark.parametrize("has_read", [True, False])
def test_a_stream_that_hangs_where_it_reads_nothing_fails_its_file(has_read, timed_run):
    def hangs(lines):
        if has_read:
            yield from lines
        busy("bad")

    with pytest.raises(ProcessorFailed) as failed:
        timed_run(hangs, "stream", ["a"], on_error=OnError.RESTART)
    where = "after line 1" if has_read else "before the first line"
    assert str(failed.value) == f"the stream stayed on the line for longer than 0.03 s (line_timeout) [node 'node', {where}]"


def test_a_slow_stream_that_moves_is_not_interrupted(timed_run):
    def slow(lines):
        for line in lines:
            end = time.perf_counter() + LIMIT_S / 10
            while time.perf_counter() < end:
                pass
            if line == "last":
                yield line

    went = timed_run(slow, "stream", ["x"] * 30 + ["last"])
    assert went.outputs["out"] == [(31, "last")]


def test_lines_that_are_slow_together_are_not_interrupted(timed_run):
    def slow(lines):
        end = time.perf_counter() + len(lines) * LIMIT_S / 10
        while time.perf_counter() < end:
            pass
        return lines

    assert len(timed_run(slow, "batch", ["x"] * 20).lines()) == 20


def test_an_async_line_that_does_not_let_itself_be_cancelled_fails_the_file_and_does_not_hang_it(make_node, make_pipeline):
    async def stubborn(line):
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    node = make_node(stubborn, "async", line_timeout_s=LIMIT_S)
    run = Run(make_pipeline(node), clock=lambda: 0.0, watch=Watchdog())
    run.open()
    with pytest.raises(ProcessorFailed) as failed:
        run.feed(["a"])
    assert failed.value.code == "stood_still"
    assert "[node 'node']" in str(failed.value)
    run.abort()


def test_abort_does_not_wait_for_a_stream_that_hangs_on_its_way_out(make_node, make_pipeline):
    def hangs(lines):
        try:
            yield from lines
        finally:
            busy("bad")

    run = Run(make_pipeline(make_node(hangs, "stream", line_timeout_s=LIMIT_S)), clock=lambda: 0.0, watch=Watchdog())
    run.open()
    run.feed(["a"])
    run.abort()


def test_nobody_is_watched_without_a_limit(make_node, run_lines):
    class NeverAsked:
        def over(self, progress, timeout_s):
            raise AssertionError

    assert run_lines(make_node(busy), ["a"], watch=NeverAsked()).lines() == ["a"]

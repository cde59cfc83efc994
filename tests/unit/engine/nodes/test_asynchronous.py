"""Async mode: many lines at a time, results in order, errors each in their own line."""

from __future__ import annotations

import asyncio

import pytest


def test_results_are_in_order_whoever_is_done_first(make_node, run_lines):
    order = []

    async def turned(line):
        for _ in range(10 - int(line)):
            await asyncio.sleep(0)
        order.append(line)
        return line

    lines = [str(number) for number in range(10)]
    assert run_lines(make_node(turned, "async"), lines).lines() == lines
    assert order == lines[::-1]


@pytest.mark.parametrize("concurrency", [1, 3])
def test_so_many_lines_at_a_time_and_no_more(concurrency, make_node, run_lines):
    under_way, most = 0, 0

    async def counted(line):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return line

    run_lines(make_node(counted, "async", concurrency=concurrency), ["x"] * 20, 7)
    assert most == concurrency


def test_an_error_loses_its_line_alone(make_node, run_lines):
    async def inner():
        raise asyncio.CancelledError

    async def fussy(line):
        await asyncio.sleep(0)
        if line == "cancelled":
            await asyncio.create_task(inner())
        if line == "exit":
            raise SystemExit
        if line == "late":
            raise TimeoutError("the other side")
        return None if line == "gone" else [line, ("tag", line)]

    went = run_lines(make_node(fussy, "async"), ["a", "cancelled", "gone", "exit", "late", "b"])
    assert went.outputs["out"] == [(1, "a"), (1, "a"), (6, "b"), (6, "b")]
    assert went.whys() == [(2, "node", "raised"), (4, "node", "raised"), (5, "node", "raised")]
    assert went.ledger.nodes["node"].filtered == 1


def test_an_async_generator_gives_several_lines_or_too_many_or_none_when_it_raises(make_node, run_lines):
    closed = []

    async def several(line):
        try:
            for count in range(int(line)):
                yield f"{line}.{count}"
                await asyncio.sleep(0)
            if line == "1":
                raise ValueError
        finally:
            closed.append(line)

    went = run_lines(make_node(several, "async", max_yield=3), ["2", "0", "1", "4", "3"])
    assert went.lines() == ["2.0", "2.1", "3.0", "3.1", "3.2"]
    assert went.whys() == [(3, "node", "raised"), (4, "node", "too_many")]
    assert went.ledger.nodes["node"].filtered == 1
    assert sorted(closed) == ["0", "1", "2", "3", "4"]


def test_a_line_that_waits_too_long_is_dead_and_the_rest_goes_on(make_node, run_lines):
    async def waits(line):
        if line == "slow":
            await asyncio.Event().wait()
        return line

    went = run_lines(make_node(waits, "async", line_timeout_s=0.01, concurrency=2), ["a", "slow", "slow", "slow", "b"])
    assert went.lines() == ["a", "b"]
    assert went.whys() == [(2, "node", "timeout"), (3, "node", "timeout"), (4, "node", "timeout")]
    assert went.dead[0].error == "stayed on the line for longer than 0.01 s (line_timeout)"


def test_one_event_loop_serves_the_whole_file(make_node, run_lines):
    loops = set()

    async def seen(line):
        loops.add(id(asyncio.get_running_loop()))
        return line

    run_lines(make_node(seen, "async"), ["x"] * 5, 1)
    assert len(loops) == 1


def test_the_person_at_the_keyboard_is_obeyed(make_node, run_lines):
    async def interrupted(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_lines(make_node(interrupted, "async"), ["x", "y"])

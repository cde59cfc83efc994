"""Calls to the outside that are tried again: on what the node names, so many times, and nothing comes twice."""

from __future__ import annotations

from collections import Counter

import pytest

from linemill.pipeline import Retry


@pytest.fixture
def calls() -> Counter[str]:
    """How often each line was tried."""
    return Counter()


RETRY = Retry(on=(ConnectionError,), attempts=3, wait_s=0.0001, wait_max_s=0.0001)


def test_a_call_that_works_in_the_end_is_no_dead_letter(calls, make_node, run_lines):
    def call(line):
        calls[line] += 1
        if calls[line] < 3 and line == "b":
            raise ConnectionError
        return line

    went = run_lines(make_node(call, retry=RETRY), ["a", "b", "c"])
    assert went.lines() == ["a", "b", "c"]
    assert calls == {"a": 1, "b": 3, "c": 1}


def test_what_is_tried_again_is_not_printed(calls, make_node, run_lines, capfd):
    def call(line):
        raise ConnectionError(line)

    run_lines(make_node(call, retry=RETRY), ["secret"])
    assert capfd.readouterr() == ("", "")


def test_after_the_last_attempt_and_on_other_errors_the_line_is_dead(calls, make_node, run_lines):
    def call(line):
        calls[line] += 1
        raise ConnectionError("down") if line == "a" else ValueError("wrong")

    went = run_lines(make_node(call, retry=RETRY), ["a", "b"])
    assert calls == {"a": 3, "b": 1}
    assert [letter.error for letter in went.dead] == ["ConnectionError: down", "ValueError: wrong"]


def test_an_async_call_is_tried_again(calls, make_node, run_lines):
    async def call(line):
        calls[line] += 1
        if calls[line] < 2:
            raise ConnectionError
        return line

    assert run_lines(make_node(call, "async", retry=RETRY), ["a", "b"]).lines() == ["a", "b"]
    assert calls == {"a": 2, "b": 2}


def test_a_batch_is_tried_again_as_a_whole(calls, make_node, run_lines):
    def call(lines):
        calls["batch"] += 1
        if calls["batch"] < 2:
            raise ConnectionError
        return lines

    assert run_lines(make_node(call, "batch", retry=RETRY), ["a", "b"]).lines() == ["a", "b"]
    assert calls["batch"] == 2


def test_what_a_generator_gave_before_its_error_does_not_come_twice(calls, make_node, run_lines):
    def several(line):
        yield f"{line}1"
        calls[line] += 1
        if calls[line] < 3:
            raise ConnectionError
        yield f"{line}2"

    async def several_async(line):
        for item in several(line):
            yield item

    def lazily(line):
        return (item for item in several(line))

    def batch(lines):
        for line in lines:
            yield list(several(line))

    for processor, mode in ((several, "line"), (lazily, "line"), (several_async, "async"), (batch, "batch")):
        calls.clear()
        assert run_lines(make_node(processor, mode, retry=RETRY), ["a"]).lines() == ["a1", "a2"]
        assert calls["a"] == 3

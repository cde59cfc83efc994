"""Traced lines as JSON."""

from __future__ import annotations

import json

from linemill.engine import Given, Step, Traced
from linemill.executors.traces import moved_traces, read_traces, written_traces

LINES = (
    Traced(1, 'a "b" é \x00\x1b', (Step("level", ("a",), (Given("x", "b", ("out", "drop")),), 3), Step("out", ("b",)))),
    Traced(10, "", ()),
)


def test_what_is_written_is_read():
    assert read_traces(written_traces(LINES)) == LINES
    assert read_traces(written_traces(())) == ()


def test_the_json_says_every_field_by_its_name():
    first = json.loads(written_traces(LINES))[0]
    assert (first["number"], first["text"]) == (1, 'a "b" é \x00\x1b')
    gave = [{"tag": "x", "item": "b", "targets": ["out", "drop"]}]
    assert first["steps"][0] == {"place": "level", "came": ["a"], "gave": gave, "more": 3}


def test_lines_of_a_part_are_moved_to_their_place_in_the_file():
    assert [line.number for line in moved_traces(written_traces(LINES), 500)] == [501, 510]
    assert moved_traces(b"", 500) == ()

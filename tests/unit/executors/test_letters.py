"""Dead letters as lines of JSON."""

from __future__ import annotations

import json

import pytest

from linemill.engine import DeadCode, DeadLetter
from linemill.executors.letters import letter_line, moved


@pytest.mark.parametrize("text", ["plain", "é\n\r\0\u2028", "\udcff\udc80", "\ud800", "", '"quoted"\\'])
def test_a_letter_is_one_line_of_valid_json_whatever_its_text(text):
    letter = DeadLetter(7, "node", DeadCode.RAISED, f"ValueError: {text}", text, item=text + "!", traceback="Trace\n  back\n")
    line = letter_line(letter, "app.log")
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line.decode()) == {
        "file": "app.log",
        "line": 7,
        "node": "node",
        "code": "raised",
        "error": f"ValueError: {text}",
        "text": text,
        "item": text + "!",
        "traceback": "Trace\n  back\n",
    }


def test_fields_that_say_nothing_are_left_out_and_an_empty_line_is_something():
    long = DeadLetter(1, "", DeadCode.TOO_LONG, "too long", None, offset=0, length=9)
    assert json.loads(letter_line(long, "f")) == {
        "file": "f",
        "line": 1,
        "code": "too_long",
        "error": "too long",
        "offset": 0,
        "length": 9,
    }
    empty = DeadLetter(1, "node", DeadCode.UNROUTED, "no route", "")
    assert json.loads(letter_line(empty, "f"))["text"] == ""


@pytest.mark.parametrize("text", ["é", "\udcff"])
def test_a_letter_of_a_span_moves_down_and_stays_what_it_is(text):
    letter = DeadLetter(3, "node", DeadCode.RAISED, "ValueError", text)
    line = letter_line(letter, f"{text}.log")
    assert moved(line, 0) == line
    assert json.loads(moved(line, 40)) == {**json.loads(line), "line": 43}


def test_a_letter_from_before_the_first_line_does_not_move():
    line = letter_line(DeadLetter(0, "node", DeadCode.UNROUTED, "no route", "head"), "f")
    assert moved(line, 40) == line

"""Outputs: text as it is, every other value as one line of JSON, and what cannot be written is a dead letter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from linemill.engine import DeadCode
from linemill.engine.block import Block
from linemill.engine.render import rendered


@pytest.fixture
def written():
    """What is written of some items, of lines 1, 2 and so on; and the letters of the others."""

    def render(*items: Any) -> tuple[bytes, list[int], list[tuple[int, str, str]]]:
        dead: list[tuple[int, str, str]] = []

        def bury(number: int, node: str, code: DeadCode, error: str, item: Any) -> None:
            dead.append((number, code.value, error))

        result = rendered([("node", Block(list(items), range(1, len(items) + 1)))], bury)
        return result.data, list(result.numbers), dead

    return render


@dataclass
class Point:
    x: float
    y: Any = None


NAN = float("nan")


@pytest.mark.parametrize(
    ("item", "line"),
    [
        ({"a": [1, {"b": None}], "c": "é"}, '{"a":[1,{"b":null}],"c":"é"}'),
        ({}, "{}"),
        ([], "[]"),
        ((1, "a", "b"), '[1,"a","b"]'),
        (0, "0"),
        (1.5, "1.5"),
        (True, "true"),
        ({"at": datetime(2024, 2, 29, 12, tzinfo=UTC)}, '{"at":"2024-02-29T12:00:00+00:00"}'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Point(1, Point(2)), '{"x":1,"y":{"x":2,"y":null}}'),
        ({"text": "two\nlines"}, '{"text":"two\\nlines"}'),
        ({"bytes": "\udcff"}, '{"bytes":"\\udcff"}'),
        ({"\udcff": "é"}, '{"\\udcff":"\\u00e9"}'),
        ({"a": None, "b": {"c": "null"}}, '{"a":null,"b":{"c":"null"}}'),
    ],
)
def test_a_record_is_one_line_of_json(item, line, written):
    data, numbers, dead = written(item)
    assert data.decode() == line + "\n"
    assert numbers == [1]
    assert dead == []
    json.loads(data)


@pytest.mark.parametrize(
    "item",
    [
        b"bytes",
        {1, 2},
        {"inner": {1, 2}},
        {1: "a key that is a number"},
        {"\udcff": {1: "a key that is a number"}},
        2**70,
        NAN,
        float("inf"),
        {"a": [NAN]},
        {"a": ({"b": NAN},)},
        Point(NAN),
        {"at": Point(1, [float("-inf")])},
        {"\udcff": NAN},
        object(),
        iter([]),
    ],
    ids=lambda item: repr(item).partition(" object at ")[0],
)
def test_what_json_cannot_say_is_a_dead_letter_with_node_and_type(item, written):
    data, numbers, dead = written("a", item, "b")
    assert (data, numbers) == (b"a\nb\n", [1, 3])
    ((number, code, error),) = dead
    assert (number, code) == (2, "not_json")
    assert error.startswith(f"node 'node' gave a {type(item).__name__} that JSON cannot say: ")


def test_a_record_that_holds_itself_is_a_dead_letter(written):
    circle: list[Any] = []
    circle.append(circle)
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    _, _, dead = written(circle, deep)
    assert [code for _, code, _ in dead] == ["not_json", "not_json"]


def test_bytes_that_were_not_utf_8_come_out_as_they_went_in(written):
    line = b"caf\xe9 \xff\x80"
    assert written(line.decode("utf-8", "surrogateescape"), "é")[0] == line + b"\n\xc3\xa9\n"
    assert written(line.decode("utf-8", "surrogateescape"), {"a": 1})[0] == line + b'\n{"a":1}\n'


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\ud83d\ude00"])
def test_text_that_utf_8_cannot_say_is_a_dead_letter(text, written):
    data, numbers, dead = written("a", text, "\udcff")
    assert (data, numbers) == (b"a\n\xff\n", [1, 3])
    assert dead == [(2, "not_text", "node 'node' gave text that UTF-8 cannot say: surrogates not allowed")]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("\n", [""]),
        ("\n\n", ["", ""]),
        ("a\n", ["a"]),
        ("a\nb", ["a", "b"]),
        ("a\nb\n", ["a", "b"]),
        ("a\n\nb", ["a", "", "b"]),
        ("\na", ["", "a"]),
        ("a\r\n", ["a\r"]),
        ("a\u2028b\x0bc", ["a\u2028b\x0bc"]),
        ("nul\0", ["nul\0"]),
    ],
)
@pytest.mark.parametrize("other", [(), ("x",), ({"x": 1},)])
def test_text_with_newlines_inside_is_that_many_lines(text, lines, other, written):
    data, numbers, dead = written(text, *other)
    assert data.decode().split("\n")[:-1][: len(lines)] == lines
    assert data.count(b"\n") == len(numbers) == len(lines) + len(other)
    assert numbers == [1] * len(lines) + [2] * len(other)
    assert dead == []


def test_nothing_that_can_be_written_is_nothing(written):
    assert written({1, 2})[:2] == (b"", [])

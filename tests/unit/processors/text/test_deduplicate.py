import pytest

from linemill.processors import deduplicate


def passed(processor: deduplicate, lines: list[str]) -> list[str]:
    return [line for line in lines if processor(line) is not None]


def test_each_line_passes_once():
    assert passed(deduplicate(), ["a", "b", "a", "", "b", "", "c"]) == ["a", "b", "", "c"]


def test_adjacent_compares_with_the_line_before_only():
    assert passed(deduplicate(adjacent=True), ["a", "a", "b", "a", "a"]) == ["a", "b", "a"]


def test_what_was_seen_longest_ago_is_forgotten_first():
    once = deduplicate(remember=2)
    assert passed(once, ["a", "b", "a", "c", "a", "b"]) == ["a", "b", "c", "b"]


def test_as_many_lines_are_remembered_as_was_said():
    once = deduplicate(remember=1000)
    lines = [str(number) for number in range(1000)]
    assert passed(once, lines) == lines
    assert passed(once, lines) == []
    assert passed(once, ["new", "0"]) == ["new", "0"]


def test_lines_that_differ_in_bytes_that_are_no_utf8_are_different():
    lines = [data.decode("utf-8", "surrogateescape") for data in (b"caf\xe9", b"caf\xe8", b"caf\xe9")]
    assert passed(deduplicate(), lines) == lines[:2]


def test_remembering_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^remember must be 1 or more, found 0$"):
        deduplicate(remember=0)

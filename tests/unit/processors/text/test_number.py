import pytest

from linemill.processors import number


def test_lines_get_running_numbers_from_one():
    numbered = number()
    assert [numbered(line) for line in ("a", "b")] == ["1 a", "2 b"]


def test_start_and_format_are_the_users():
    numbered = number(format="{line}\t{number:03}", start=9)
    assert [numbered(line) for line in ("a", "b")] == ["a\t009", "b\t010"]


def test_braces_in_lines_are_left_alone():
    assert number()("{number} {x}") == "1 {number} {x}"


def test_a_new_object_begins_anew():
    number()("a")
    assert number()("a") == "1 a"


def test_a_format_with_another_field_is_refused():
    with pytest.raises(ValueError, match=r"^format may name \{number\} and \{line\}, found \{lines\}$"):
        number(format="{number} {lines}")

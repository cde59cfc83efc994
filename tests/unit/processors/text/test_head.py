import pytest

from linemill.processors import head


def test_the_first_lines_pass():
    assert list(head(count=2)(iter("abc"))) == ["a", "b"]


def test_ten_by_default():
    assert list(head()(iter(map(str, range(50))))) == [str(number) for number in range(10)]


def test_a_file_with_fewer_lines_passes_whole():
    assert list(head(count=5)(iter("abc"))) == ["a", "b", "c"]


def test_no_further_line_is_asked_for():
    lines = iter("abc")
    assert list(head(count=2)(lines)) == ["a", "b"]
    assert list(lines) == ["c"]


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match=r"^count must be 0 or more, found -1$"):
        head(count=-1)

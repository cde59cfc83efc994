import pytest

from linemill.processors import replace


def test_all_matches_are_replaced_unless_a_count_is_given():
    assert replace(pattern="a", by="b")("banana") == "bbnbnb"
    assert replace(pattern="a", by="b", count=2)("banana") == "bbnbna"


def test_groups_are_put_back():
    assert replace(pattern=r"(\w+)=(?P<value>\w+)", by=r"\g<value>:\1")("user=ann") == "ann:user"


def test_nothing_is_put_there_by_default():
    assert replace(pattern=r"\x1b\[[0-9;]*m")("\x1b[31mred\x1b[0m") == "red"


def test_case_is_ignored_only_when_asked():
    assert replace(pattern="error", by="x")("Error error") == "Error x"
    assert replace(pattern="error", by="x", ignore_case=True)("Error error") == "x x"


def test_a_wrong_pattern_is_refused_at_once():
    with pytest.raises(ValueError, match=r"^the pattern '\(' is not a regular expression: missing \), "):
        replace(pattern="(")


@pytest.mark.parametrize("by", [r"\2", r"\g<name>", r"\q"])
def test_a_replacement_that_does_not_fit_the_pattern_is_refused_at_once(by):
    with pytest.raises(ValueError, match=r"^by: .* does not fit the pattern '\(a\)': "):
        replace(pattern="(a)", by=by)


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match=r"^count must be 0 .all. or more, found -1$"):
        replace(pattern="a", count=-1)


def test_bytes_that_are_no_utf8_survive():
    line = b"caf\xe9 1".decode("utf-8", "surrogateescape")
    assert replace(pattern="[0-9]", by="2")(line).encode("utf-8", "surrogateescape") == b"caf\xe9 2"

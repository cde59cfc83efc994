import pytest

from linemill.processors import drop


def test_a_line_is_filtered_only_if_the_pattern_is_in_it():
    no_comments = drop(pattern=r"^\s*(#|$)")
    assert no_comments("  # a comment") is None
    assert no_comments("") is None
    assert no_comments("a # b") == "a # b"


def test_case_is_ignored_only_when_asked():
    assert drop(pattern="debug")("DEBUG") == "DEBUG"
    assert drop(pattern="debug", ignore_case=True)("DEBUG") is None


def test_a_wrong_pattern_is_refused_at_once():
    with pytest.raises(ValueError, match=r"^the pattern '\*' is not a regular expression: nothing to repeat"):
        drop(pattern="*")

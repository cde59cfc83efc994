import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linemill.processors._pattern import compile_finder, compile_pattern

PIECES = [r"\b", "a", "b", "A", " ", "?", "*", "+", "{0,2}", "{2}", "|", "(a)", "(?i:a)", "[ab]", ".", r"\B", "^", "$"]


def is_compiled(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


@given(
    pattern=st.lists(st.sampled_from(PIECES)).map(lambda pieces: r"\b" + "".join(pieces)).filter(is_compiled),
    line=st.text(alphabet="abA -"),
)
@example(pattern=r"\ba?", line="b")
@example(pattern=r"\bab{0,2}", line="a")
@example(pattern=r"\ba|b", line="b")
def test_a_finder_finds_what_the_pattern_finds(pattern, line):
    assert bool(compile_finder(pattern)(line)) == bool(re.search(pattern, line))


def test_case_is_ignored_when_asked():
    assert compile_finder(r"\bERROR\b", ignore_case=True)("an error")


@pytest.mark.parametrize("pattern", [r"\bERROR\b", "ERROR"])
def test_an_item_that_is_no_text_is_not_taken_for_one_without_a_match(pattern):
    with pytest.raises((TypeError, AttributeError)):
        compile_finder(pattern)({"level": "ERROR"})  # type: ignore[arg-type]


def test_a_wrong_pattern_says_where():
    with pytest.raises(ValueError) as refused:
        compile_pattern("a(")
    assert str(refused.value) == "the pattern 'a(' is not a regular expression: missing ), unterminated subpattern at position 1"

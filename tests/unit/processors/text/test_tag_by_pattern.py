import json
from collections import Counter

import pytest

from linemill.processors import tag_by_pattern


def test_the_first_pattern_in_the_written_order_gives_the_tag():
    level = tag_by_pattern(error=r"\bERROR\b", warn=r"\bWARN")
    assert level("WARN before ERROR") == ("error", "WARN before ERROR")
    assert level("WARNING") == ("warn", "WARNING")


def test_a_line_that_matches_nothing_goes_on_without_a_tag():
    assert tag_by_pattern(error="ERROR")("all is well") == "all is well"


def test_any_text_may_be_a_tag():
    assert tag_by_pattern(**{"5xx": " 5..", "self": "me"})("it is me") == ("self", "it is me")


def test_no_pattern_and_a_wrong_pattern_are_refused_at_once():
    with pytest.raises(ValueError, match=r"^give at least one tag with its pattern, such as"):
        tag_by_pattern()
    with pytest.raises(ValueError, match=r"^the pattern '\(' is not a regular expression"):
        tag_by_pattern(error="(")


def test_a_real_log_is_routed_as_is_known(shared_data):
    name = "logs/Apache_2k.log"
    facts = json.loads((shared_data / "FACTS.json").read_text())[name]["routed"]
    level = tag_by_pattern(error="(?i)error", warn="(?i)warn")
    results = map(level, (shared_data / name).read_text().splitlines())
    found = Counter(result[0] if isinstance(result, tuple) else "general" for result in results)
    assert dict(found) == {tag: lines for tag, lines in facts.items() if lines}

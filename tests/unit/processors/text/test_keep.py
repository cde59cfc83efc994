import json

import pytest

from linemill.processors import keep


def test_a_line_passes_unchanged_only_if_the_pattern_is_in_it():
    only_errors = keep(pattern=r"\bERROR\b")
    assert only_errors("10:00 ERROR full") == "10:00 ERROR full"
    assert only_errors("10:00 ERRORS none") is None


def test_case_is_ignored_only_when_asked():
    assert keep(pattern="error")("ERROR") is None
    assert keep(pattern="error", ignore_case=True)("ERROR") == "ERROR"


def test_a_wrong_pattern_is_refused_at_once():
    with pytest.raises(ValueError, match=r"^the pattern '\[' is not a regular expression"):
        keep(pattern="[")


def test_as_many_lines_of_a_real_log_are_kept_as_are_known_to_match(shared_data):
    facts = json.loads((shared_data / "FACTS.json").read_text())["logs/Linux_2k.log"]["lines_matching"]
    lines = (shared_data / "logs/Linux_2k.log").read_text().splitlines()
    only_addresses = keep(pattern=r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
    assert sum(only_addresses(line) is not None for line in lines) == facts["ipv4"]

import json

import pytest

from linemill.processors import count_by_pattern


def test_counts_add_up_to_the_lines_and_come_at_the_end():
    counted = count_by_pattern(error="ERROR", warn="WARN")
    lines = iter(["ERROR WARN", "WARN", "WARN", "x", ""])
    assert list(counted(lines)) == [{"error": 1, "warn": 2, "other": 2, "lines": 5}]


def test_an_empty_file_has_counts_of_zero():
    assert list(count_by_pattern(error="ERROR")(iter([]))) == [{"error": 0, "other": 0, "lines": 0}]


def test_names_that_are_always_there_are_refused():
    with pytest.raises(ValueError, match=r"^'other' is the name of a count that is always there; choose another name$"):
        count_by_pattern(other="x")


def test_no_pattern_is_refused():
    with pytest.raises(ValueError, match=r"^give at least one name with its pattern"):
        count_by_pattern()


def test_a_real_log_has_the_counts_that_are_known(shared_data):
    name = "logs/Apache_2k.log"
    facts = json.loads((shared_data / "FACTS.json").read_text())[name]
    lines = iter((shared_data / name).read_text().splitlines())
    errors = facts["lines_matching"]["error (any case)"]
    assert list(count_by_pattern(error="(?i)error")(lines)) == [
        {"error": errors, "other": facts["lines"] - errors, "lines": facts["lines"]}
    ]

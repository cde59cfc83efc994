import pytest

from linemill.processors import parse_regex


def test_named_groups_become_fields():
    parse = parse_regex(pattern=r"^(?P<time>\S+) (?P<level>[A-Z]+)(?: \[(?P<thread>\w+)\])?")
    assert parse("10:00 INFO [main] started") == {"time": "10:00", "level": "INFO", "thread": "main"}
    assert parse("10:00 INFO started") == {"time": "10:00", "level": "INFO", "thread": None}


def test_the_pattern_may_match_anywhere_in_the_line():
    assert parse_regex(pattern="took (?P<ms>[0-9]+)")("it took 12 ms") == {"ms": "12"}


def test_a_line_that_does_not_match_is_refused_with_both():
    with pytest.raises(ValueError) as refused:
        parse_regex(pattern="(?P<ms>[0-9]+)")("none\there")
    assert str(refused.value) == r"expected a line that matches '(?P<ms>[0-9]+)', found 'none\there'"


def test_a_pattern_without_named_groups_is_refused_at_once():
    with pytest.raises(ValueError) as refused:
        parse_regex(pattern="([0-9]+)")
    assert str(refused.value) == "the pattern '([0-9]+)' has no named group; write (?P<name>...) around each part to keep"


def test_case_is_ignored_only_when_asked():
    assert parse_regex(pattern="(?P<level>error)", ignore_case=True)("ERROR") == {"level": "ERROR"}


def test_every_line_of_a_java_log_is_parsed(shared_data):
    lines = (shared_data / "logs/logfile_java.0").read_text().splitlines()
    pattern = r"^(?P<time>\S+) (?P<level>[A-Z]+) +\[(?P<thread>[^]]+)\] (?P<logger>\S+) +: (?P<message>.*)$"
    records = [parse_regex(pattern=pattern)(line) for line in lines]
    assert {record["level"] for record in records} == {"INFO"}
    assert records[0]["logger"] == "Version"

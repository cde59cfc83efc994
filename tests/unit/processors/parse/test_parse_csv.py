import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linemill.processors import parse_csv


def parsed(lines: list[str], **settings: Any) -> list[Any]:
    return list(parse_csv(**settings)(iter(lines)))


def lines_of(path: Path) -> list[str]:
    """Cut a file as linemill does: at LF or CRLF and nowhere else."""
    text = path.read_bytes().decode().removesuffix("\n")
    return [line.removesuffix("\r") for line in text.split("\n")]


def test_the_header_names_the_fields():
    assert parsed(["a,b", "1,2", "3,"]) == [{"a": "1", "b": "2"}, {"a": "3", "b": ""}]


def test_given_columns_make_the_first_line_a_row():
    assert parsed(["1,2"], columns=["a", "b"]) == [{"a": "1", "b": "2"}]


def test_quotes_hold_delimiters_quotes_and_line_breaks():
    assert parsed(["a,b", '"x, y","say ""hi""', "", 'there"', "1,2"]) == [
        {"a": "x, y", "b": 'say "hi"\n\nthere'},
        {"a": "1", "b": "2"},
    ]


def test_another_delimiter_and_another_quote():
    assert parsed(["a\tb", "'x\ty'\t2"], delimiter="\t", quote="'") == [{"a": "x\ty", "b": "2"}]


def test_without_a_quote_quotes_are_characters():
    assert parsed(["a;b", '"x;y"'], delimiter=";", quote="") == [{"a": '"x', "b": 'y"'}]


def test_blank_lines_between_rows_are_skipped():
    assert parsed(["", "a,b", "", "1,2", ""]) == [{"a": "1", "b": "2"}]


def test_a_row_with_too_many_or_too_few_fields_is_tagged_and_the_rest_goes_on():
    assert parsed(["a,b", "1", "1,2,3", '1,"x', 'y",3', "5,6"]) == [
        ("malformed", "1"),
        ("malformed", "1,2,3"),
        ("malformed", '1,"x\ny",3'),
        {"a": "5", "b": "6"},
    ]


def test_a_quote_in_the_wrong_place_is_tagged_and_the_rest_goes_on():
    assert parsed(["a,b", '"x"y,1', "5,6"]) == [("malformed", '"x"y,1'), {"a": "5", "b": "6"}]


def test_a_quote_that_is_never_closed_takes_no_more_lines_than_a_row_may_have():
    assert parsed(["a,b", '"x,1', "3,4", "5,6", "7,8"], max_lines=2) == [
        ("malformed", '"x,1\n3,4'),
        {"a": "5", "b": "6"},
        {"a": "7", "b": "8"},
    ]


def test_a_row_may_have_exactly_so_many_lines():
    assert parsed(["a,b", '"x', 'y",1', "3,4"], max_lines=2) == [{"a": "x\ny", "b": "1"}, {"a": "3", "b": "4"}]


def test_a_quote_open_at_the_end_of_the_file_is_tagged():
    assert parsed(["a,b", "1,2", '3,"x', "y"]) == [{"a": "1", "b": "2"}, ("malformed", '3,"x\ny')]


def test_a_lone_carriage_return_in_a_row_is_tagged():
    assert parsed(["a,b", "1,x\ry", "5,6"]) == [("malformed", "1,x\ry"), {"a": "5", "b": "6"}]


def test_a_field_that_is_too_long_is_tagged_and_kept_whole():
    row = "1," + "x" * 200_000
    assert parsed(["a,b", row, "5,6"]) == [("malformed", row), {"a": "5", "b": "6"}]


def test_a_mismatch_raises_where_that_is_asked_for():
    with pytest.raises(ValueError, match=r"^expected 2 fields, found 3: '1,2,3'$"):
        parsed(["a,b", "1,2,3"], on_mismatch=r"error")


def test_after_a_restart_the_next_line_is_a_row():
    rows = parse_csv(on_mismatch=r"error")
    lines = iter(["a,b", "1,2,3", "4,5"])
    with pytest.raises(ValueError, match=r"^expected 2 fields"):
        list(rows(lines))
    assert list(rows(lines)) == [{"a": "4", "b": "5"}]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("a,b,a", "expected a different name for every column, found 'a' twice"),
        ('"a"b,c', """expected a header, found '"a"b,c': ',' expected after '"'"""),
    ],
)
def test_a_header_that_cannot_be_used_fails_the_file(header, message):
    with pytest.raises(ValueError) as refused:
        parsed([header, "1,2,3"])
    assert str(refused.value) == message


@pytest.mark.parametrize(
    "settings",
    [
        {"delimiter": ""},
        {"delimiter": ",,"},
        {"quote": ","},
        {"quote": '""'},
        {"max_lines": 0},
        {"columns": ["a", "a"]},
        {"columns": []},
    ],
)
def test_settings_that_cannot_be_are_refused_at_once(settings):
    with pytest.raises(ValueError, match=r"must be|expected"):
        parse_csv(**settings)


def test_an_empty_file_gives_nothing():
    assert parsed([]) == []


def test_a_row_comes_out_before_the_next_line_is_read():
    lines = iter(["a,b", "1,2", "3,4"])
    assert next(parse_csv()(lines)) == {"a": "1", "b": "2"}
    assert list(lines) == ["3,4"]


def test_bytes_that_are_no_utf8_survive():
    line = b"caf\xe9,1".decode("utf-8", "surrogateescape")
    assert parsed(["a,b", line])[0]["a"].encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_quoted_newlines_of_a_real_file(shared_data):
    assert parsed(lines_of(shared_data / "csv/quoted-newlines.csv")) == [
        {"id": "1", "who": "Ann, the first", "said": "two\nlines"},
        {"id": "2", "who": "Bob", "said": 'a "quote" and\na bare newline'},
        {"id": "3", "who": "", "said": "=1+1"},
    ]


def test_no_row_of_a_bad_file_is_lost(shared_data):
    assert parsed(lines_of(shared_data / "csv/bad.csv")) == [
        ("malformed", """1,27,,"I'm too long!\""""),
        ("malformed", ""","I'm too short!\""""),
        {"column_a": "0", "column_b": "mixed types.... uh oh", "column_c": "17"},
    ]


@pytest.mark.parametrize("name", ["csv/OpenSSH_2k.log_structured.csv", "csv/ilgeo2010_excerpt.csv", "csv/blanks.csv"])
def test_every_row_of_a_real_file_is_parsed_as_the_standard_library_does(shared_data, name):
    with (shared_data / name).open(newline="") as file:
        expected = list(csv.DictReader(file))
    facts = json.loads((shared_data / "FACTS.json").read_text())[name]
    assert len(expected) == facts["lines"] - 1
    assert parsed(lines_of(shared_data / name)) == expected


@given(st.lists(st.lists(st.text(alphabet="ab\",;\n' "), min_size=3, max_size=3)))
def test_what_the_standard_library_writes_is_read_back(rows):
    written: list[str] = []

    class Lines:
        def write(self, text):
            written.append(text)

    csv.writer(Lines(), lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    lines = "".join(written).split("\n")
    assert parsed(lines, columns=["a", "b", "c"]) == [dict(zip("abc", row, strict=True)) for row in rows]


@given(st.lists(st.text(alphabet='ab",\r')))
def test_whatever_the_lines_are_none_that_is_not_blank_is_lost(lines):
    found = parsed(lines, columns=["a", "b"], max_lines=3)
    kept = [result if isinstance(result, tuple) else None for result in found]
    text = [line for result in kept if result for line in result[1].split("\n") if line.strip("\r")]
    records = [result for result in found if isinstance(result, dict)]
    letters = sum(line.count("a") + line.count("b") for line in lines)
    in_records = sum(value.count("a") + value.count("b") for record in records for value in record.values())
    assert sum(line.count("a") + line.count("b") for line in text) + in_records == letters

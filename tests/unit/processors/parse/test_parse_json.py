import json

import pytest

from linemill.processors import parse_json


def test_an_object_becomes_a_record_with_its_types_and_order():
    assert list(parse_json(' {"b": 1, "a": [true, null, 1.5, "x"]} ').items()) == [("b", 1), ("a", [True, None, 1.5, "x"])]


@pytest.mark.parametrize(
    ("line", "kind"),
    [("[1]", "an array"), ("1", "a number"), ('"x"', "text"), ("null", "null"), ("true", "a boolean")],
)
def test_another_value_than_an_object_is_refused(line, kind):
    with pytest.raises(ValueError) as refused:
        parse_json(line)
    assert str(refused.value) == f"expected a JSON object, found {kind}: {line!r}"


@pytest.mark.parametrize("line", ["", "  ", "{", '{"a": 1} x', "{'a': 1}", '{"a": NaN}', "[" * 100_000])
def test_what_is_not_json_is_refused_with_its_place(line):
    with pytest.raises(ValueError, match=r"^expected a JSON object, found .*: .* at column [0-9]+$"):
        parse_json(line)


def test_bytes_that_are_no_utf8_survive():
    record = parse_json(b'{"name": "caf\xe9", "n": 1}'.decode("utf-8", "surrogateescape"))
    assert record["name"].encode("utf-8", "surrogateescape") == b"caf\xe9"


@pytest.mark.parametrize("line", [b'{"caf\xe9": NaN}', b'{"caf\xe9": }', b'["caf\xe9"]'])
def test_wrong_json_with_bytes_that_are_no_utf8_is_refused(line):
    with pytest.raises(ValueError, match=r"^expected a JSON object, found "):
        parse_json(line.decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("name", ["json/nginxplus_json_logs.jsonl", "json/logfile_otel_collector.jsonl"])
def test_every_line_of_a_real_log_is_parsed_as_the_standard_library_does(shared_data, name):
    lines = (shared_data / name).read_text().splitlines()
    assert len(lines) == json.loads((shared_data / "FACTS.json").read_text())[name]["lines"]
    assert [parse_json(line) for line in lines] == [json.loads(line) for line in lines]

import pytest

from linemill.processors import parse_key_value


def test_plain_quoted_empty_and_bare():
    line = r'level=info msg="two words" path="C:\\x \"y\"\n" empty= none="" url=/a?b=c cached'
    assert parse_key_value(line) == {
        "level": "info",
        "msg": "two words",
        "path": 'C:\\x "y"\n',
        "empty": "",
        "none": "",
        "url": "/a?b=c",
        "cached": True,
    }


def test_blanks_between_and_around_do_not_matter():
    assert parse_key_value(" \ta=1   b=2\t ") == {"a": "1", "b": "2"}


def test_a_key_that_comes_twice_has_its_last_value():
    assert parse_key_value("a=1 a=2") == {"a": "2"}


def test_a_quote_inside_a_plain_value_is_a_character_of_it():
    assert parse_key_value('size=5" next=1') == {"size": '5"', "next": "1"}


@pytest.mark.parametrize(
    ("line", "place"),
    [('a=1 b="open', 5), ('a="x"y', 1), ("a=1 =2", 5), ('"a"=1', 1), (r'a="x\"', 1)],
)
def test_what_is_no_pair_is_refused_with_its_place(line, place):
    with pytest.raises(ValueError) as refused:
        parse_key_value(line)
    assert str(refused.value) == f'expected key=value or key="some text" at column {place}, found {line[place - 1 :]!r}'


@pytest.mark.parametrize("line", ["", "   ", "plain words only"])
def test_a_line_without_a_pair_is_refused(line):
    with pytest.raises(ValueError) as refused:
        parse_key_value(line)
    assert str(refused.value) == f"expected key=value pairs, found {line!r}"


def test_a_line_that_tries_to_be_slow_is_refused_quickly():
    with pytest.raises(ValueError, match=r"at column 1,"):
        parse_key_value('a="' + r"\\" * 500_000)


def test_bytes_that_are_no_utf8_survive():
    line = b'name="caf\xe9 1"'.decode("utf-8", "surrogateescape")
    assert str(parse_key_value(line)["name"]).encode("utf-8", "surrogateescape") == b"caf\xe9 1"


def test_the_pairs_of_a_real_log_are_parsed(shared_data):
    lines = (shared_data / "logs/Linux_2k.log").read_text().splitlines()
    pairs = [line.partition("; ")[2] for line in lines if "authentication failure; " in line]
    assert len(pairs) > 400
    for text in pairs:
        assert parse_key_value(text) == dict(pair.split("=", 1) for pair in text.split())

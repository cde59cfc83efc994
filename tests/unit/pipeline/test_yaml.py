import pytest

from linemill.pipeline.part import Place
from linemill.pipeline.problems import Problems, Stop
from linemill.pipeline.yaml import parse


def refusal(text):
    problems = Problems()
    with pytest.raises(Stop):
        parse(text, problems)
    (problem,) = problems.sorted()
    return f"{problem.line}:{problem.column}: {problem.what}"


def value(text):
    problems = Problems()
    part = parse(f"v: {text}\n", problems).entries["v"].part
    assert not problems
    return part.plain()


@pytest.mark.parametrize(
    "text", ["on", "off", "yes", "no", "y", "2024-01-01", "1_000", "0777_", "12:30:45", "0b1", "=", "1e", "."]
)
def test_what_only_yaml_1_1_converts_is_text(text):
    assert value(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("12", 12),
        ("-3", -3),
        ("010", 10),
        ("0o17", 15),
        ("0xff", 255),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("'12'", "12"),
        ('"true"', "true"),
        ("[1, a, {b: 2}]", [1, "a", {"b": 2}]),
        ("{2: a, true: b, 1.5: c}", {2: "a", True: "b", 1.5: "c"}),
        ('"\\0"', "\0"),
    ],
)
def test_values_follow_the_core_schema(text, expected):
    assert value(text) == expected
    assert type(value(text)) is type(expected)


def test_every_key_and_value_knows_its_place():
    root = parse("a:\n  - b: [1,\n      2]\n", Problems())
    entry = root.entries["a"].part.items[0].entries["b"]
    assert entry.key.place == Place(2, 5)
    assert [item.place for item in entry.part.items] == [Place(2, 9), Place(3, 7)]


def test_a_missing_value_stands_at_its_key():
    assert parse("a:\n\n\nb: 1\n", Problems()).entries["a"].part.place == Place(1, 1)


def test_an_alias_stands_for_the_whole_value():
    assert parse("a: &x [1, 2]\nb: *x\n", Problems()).plain() == {"a": [1, 2], "b": [1, 2]}


def test_plain_data_of_an_alias_is_not_shared():
    plain = parse("a: &x [1, 2]\nb: *x\n", Problems()).plain()
    plain["a"].append(3)
    assert plain["b"] == [1, 2]


def test_a_bomb_of_aliases_is_refused_at_once():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert refusal("\n".join(lines)).endswith("the file holds more than 50000 values once its aliases are expanded")


def test_a_bomb_that_is_one_open_list_is_refused_at_once():
    text = f"a: &a [{', '.join('x' * 1000)}]\nb: [{', '.join(['*a'] * 10_000)}]\n"
    assert refusal(text).endswith("the file holds more than 50000 values once its aliases are expanded")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused_before_it_gets_slow(opening):
    message = refusal(opening * 100_000)
    assert message.endswith(("lists and mappings are nested more than 50 deep", "a list or mapping cannot be a key"))


def test_numbers_that_python_does_not_read_are_refused():
    assert refusal(f"a: {'9' * 5000}").endswith("has too many digits")


@pytest.mark.parametrize("escape", ["\\UFFFFFFFF", "\\U00110000"])
def test_an_escape_beyond_unicode_is_refused(escape):
    assert "this is not YAML" in refusal(f'a: "{escape}"')


def test_half_of_a_surrogate_pair_is_refused():
    assert refusal('a: "\\ud800"') == "1:4: half of a surrogate pair is not text"


def test_a_list_as_a_key_is_refused():
    assert refusal("? [a]\n: 1\n") == "1:3: a list or mapping cannot be a key"


def test_an_alias_as_a_key_is_read_like_its_value():
    assert parse("a: &x k\n*x : 1\n", Problems()).plain() == {"a": "k", "k": 1}


@pytest.mark.parametrize("second", ["1", "0x1", "1.0", "true", "'1'"])
def test_keys_that_are_one_to_python_are_duplicates(second):
    name = second.strip("'")
    problems = Problems()
    parse(f"{{1: a, {second}: b}}", problems)
    assert [problem.what for problem in problems.sorted()] == [f'the key "{name}" stands twice, here and in line 1, column 2']

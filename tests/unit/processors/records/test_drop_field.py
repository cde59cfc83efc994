import pytest

from linemill.processors import drop_field


@pytest.mark.parametrize(
    ("value", "conditions"),
    [
        (200, {"equals": 200}),
        ("200", {"equals": "200"}),
        (404, {"one_of": [404, 410]}),
        (None, {"one_of": [None]}),
        ("/a/b", {"pattern": "^/a/"}),
        (502, {"pattern": "^5"}),
        (500, {"min": 500, "max": 599}),
        ("599.0", {"min": 500, "max": 599}),
        ("m", {"min": "b", "max": "x"}),
        (True, {"equals": True}),
    ],
)
def test_a_value_that_meets_all_conditions(value, conditions):
    record = {"field": value}
    assert drop_field(field="field", **conditions)(record) is None


@pytest.mark.parametrize(
    ("value", "conditions"),
    [
        ("200", {"equals": 200}),
        (1, {"equals": True}),
        (True, {"one_of": [0, 1]}),
        (405, {"one_of": [404, 410]}),
        (None, {"equals": "None"}),
        ("/b/a/", {"pattern": "^/a/"}),
        (499, {"min": 500, "max": 599}),
        ("600", {"min": 500, "max": 599}),
        ("/a", {"pattern": "^/", "equals": "/b"}),
    ],
)
def test_a_value_that_does_not(value, conditions):
    record = {"field": value}
    assert drop_field(field="field", **conditions)(record) is record


@pytest.mark.parametrize(
    ("value", "limit", "message"),
    [
        ("fast", 5, "expected a number to compare with 5, found text: 'fast'"),
        (None, 5, "expected a number to compare with 5, found null: 'null'"),
        (True, 5, "expected a number to compare with 5, found a boolean: 'true'"),
        (7, "b", "expected text to compare with 'b', found a number: '7'"),
    ],
)
def test_a_value_that_cannot_be_compared_is_refused(value, limit, message):
    with pytest.raises(ValueError) as refused:
        drop_field(field="field", min=limit)({"field": value})
    assert str(refused.value) == message


def test_a_record_without_the_field_is_refused_kept_or_dropped():
    record = {"a": 1}
    with pytest.raises(ValueError) as refused:
        drop_field(field="x", equals=1)(record)
    assert str(refused.value) == "expected a field 'x', found 'a'"
    assert drop_field(field="x", equals=1, missing="keep")(record) is record
    assert drop_field(field="x", equals=1, missing="drop")(record) is None


def test_no_condition_is_refused_at_once():
    with pytest.raises(ValueError, match=r"^say what the value must be: equals, one_of, pattern, min or max"):
        drop_field(field="x")


def test_a_wrong_pattern_is_refused_at_once():
    with pytest.raises(ValueError, match=r"^the pattern '\(' is not a regular expression"):
        drop_field(field="x", pattern="(")


def test_text_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"^expected a record, found text: 'a line'; parse the line first"):
        drop_field(field="x", equals=1)("a line")  # type: ignore[arg-type]

import pytest

from linemill.processors import tag_by_field


def test_the_first_tag_in_the_written_order_whose_conditions_hold():
    status = tag_by_field(field="status", tags={"broken": {"min": 500}, "wrong": {"min": 400}, "moved": 301, "empty": None})
    assert status({"status": 502}) == ("broken", {"status": 502})
    assert status({"status": 404}) == ("wrong", {"status": 404})
    with pytest.raises(ValueError, match=r"^expected a number to compare with 500, found null: 'null'$"):
        status({"status": None})
    assert status({"status": 301}) == ("moved", {"status": 301})


def test_null_is_a_value_as_any_other():
    assert tag_by_field(field="user", tags={"nobody": None})({"user": None}) == ("nobody", {"user": None})


def test_a_record_that_meets_none_goes_on_without_a_tag():
    record = {"status": 200}
    assert tag_by_field(field="status", tags={"broken": 500})(record) is record


@pytest.mark.parametrize(("value", "tag"), [("ERROR", "ERROR"), (5, "5"), (True, "true"), (None, "null")])
def test_without_tags_the_value_is_the_tag(value, tag):
    assert tag_by_field(field="x")({"x": value}) == (tag, {"x": value})


def test_a_record_without_the_field_is_refused_or_goes_on_without_a_tag():
    with pytest.raises(ValueError, match=r"^expected a field 'x', found 'a'$"):
        tag_by_field(field="x")({"a": 1})
    assert tag_by_field(field="x", missing="untagged")({"a": 1}) == {"a": 1}


def test_an_unknown_condition_is_refused_at_once():
    with pytest.raises(ValueError) as refused:
        tag_by_field(field="x", tags={"big": {"least": 5}})
    assert str(refused.value) == "the tag 'big' has a condition 'least'; there are equals, one_of, pattern, min, max"


def test_a_tag_without_conditions_is_refused_at_once():
    with pytest.raises(ValueError, match=r"^say what the value must be"):
        tag_by_field(field="x", tags={"big": {}})

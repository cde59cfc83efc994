import pytest

from linemill.processors import select


def test_only_the_named_fields_stay_and_in_that_order():
    assert list(select({"a": 1, "b": 2, "c": 3}, fields=["c", "a"]).items()) == [("c", 3), ("a", 1)]


def test_a_missing_field_is_refused_with_what_is_there():
    with pytest.raises(ValueError) as refused:
        select({"a": 1, "b": 2}, fields=["a", "x"])
    assert str(refused.value) == "expected a field 'x', found 'a', 'b'"


def test_a_missing_field_is_skipped_where_that_is_asked_for():
    assert select({"a": 1}, fields=["a", "x"], missing="skip") == {"a": 1}


def test_a_null_is_not_missing():
    assert select({"a": None}, fields=["a"]) == {"a": None}


def test_text_is_refused_with_the_way_out():
    with pytest.raises(ValueError) as refused:
        select('{"a": 1}', fields=["a"])  # type: ignore[arg-type]
    assert str(refused.value) == """expected a record, found text: '{"a": 1}'; parse the line first, with parse_json say"""

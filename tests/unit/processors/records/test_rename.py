import pytest

from linemill.processors import rename


def test_names_change_and_order_and_other_fields_stay():
    renamed = rename(fields={"lvl": "level", "msg": "text"})({"lvl": 1, "t": 2, "msg": 3})
    assert list(renamed.items()) == [("level", 1), ("t", 2), ("text", 3)]


def test_two_fields_may_change_places():
    assert rename(fields={"a": "b", "b": "a"})({"a": 1, "b": 2}) == {"b": 1, "a": 2}


def test_a_new_name_that_is_taken_is_refused_so_that_no_value_is_lost():
    with pytest.raises(ValueError) as refused:
        rename(fields={"a": "b"})({"a": 1, "b": 2})
    assert str(refused.value) == "expected no field 'b' yet, found 'a', 'b'"


def test_a_missing_field_is_refused_or_skipped():
    with pytest.raises(ValueError) as refused:
        rename(fields={"x": "y"})({"a": 1})
    assert str(refused.value) == "expected a field 'x', found 'a'"
    assert rename(fields={"x": "y"}, missing="skip")({"a": 1}) == {"a": 1}


def test_one_new_name_for_two_fields_is_refused_at_once():
    with pytest.raises(ValueError, match=r"^fields must have different new names, found x, x$"):
        rename(fields={"a": "x", "b": "x"})


def test_text_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"^expected a record, found text: 'a'; parse the line first"):
        rename(fields={"a": "b"})("a")  # type: ignore[arg-type]

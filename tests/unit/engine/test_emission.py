import pytest

from linemill.engine.emission import all_text, only_kind, sort_out, tagged_pairs


class Name(str):
    pass


@pytest.mark.parametrize("items", [[], [""], ["", ""], ["a", "", "b"], ["a", Name("b")], ["ä", "\udc80"] * 500])
def test_text_of_any_kind_is_text(items):
    assert all_text(items)
    assert only_kind(items) is str


@pytest.mark.parametrize("other", [None, b"", (), ("a",), [], 0, {}, object()])
@pytest.mark.parametrize("text", ["", "a"])
def test_one_of_another_kind_is_found_wherever_it_is(other, text):
    for place in (0, 1, 500, 999):
        items = [text] * 1000
        items[place] = other
        assert not all_text(items)
        assert only_kind(items) is None


@pytest.mark.parametrize("odd", [("a", None), ("a", "b", "c"), ("a",), (1, "b"), ([], "b")])
def test_pairs_that_need_a_closer_look_are_left_to_it(odd):
    assert tagged_pairs([("a", "1"), odd], range(1, 3)) is None


def test_a_node_that_leaves_lines_out_is_told_from_one_that_gives_something_else():
    emission = sort_out(["a", None, ""], range(1, 4))
    assert emission is not None
    assert (list(emission.numbers), emission.shares[""].items, emission.filtered) == ([1, 3], ["a", ""], 1)
    assert sort_out(["a", None, {}], range(1, 4)) is None
    assert sort_out(["a", 1], range(1, 3)) is None

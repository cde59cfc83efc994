import json
from dataclasses import replace

import pytest

from linemill.catalog.records import Kind, Wish
from linemill.engine import TEXT_LIMIT, DeadCode, DeadLetter, Form
from linemill.errors import BadInput
from linemill.executors.letters import letter_line
from linemill.executors.task import Resumed
from linemill.mill.redriving import Redriven


@pytest.fixture
def dead(tmp_path):
    return tmp_path / "in.jsonl"


@pytest.fixture
def redriven(dead, make_claim, make_pipeline):
    """A re-drive of a file's dead letters, all of them or those of a wish."""

    pipeline = make_pipeline()

    def apply(*letters, data=b"", node=None, code=None, pipeline=pipeline):
        dead.write_bytes(b"".join(letter_line(letter, "in") for letter in letters))
        wish = Wish(Kind.REDRIVE, "me", node=node, code=code)
        return Redriven(dead, replace(make_claim(data), kind=Kind.REDRIVE, wish=wish), pipeline)

    return apply


def _letter(number, node="keep", code=DeadCode.RAISED, text="bad", **others):
    return DeadLetter(number, node, code, "ValueError: no", text, **others)


def test_every_line_is_taken_once_in_the_order_of_the_file(redriven):
    assert redriven(_letter(7, text="seven"), _letter(2, text="two"), _letter(7, "other", text="seven")).lines() == (
        (2, "two"),
        (7, "seven"),
    )


@pytest.mark.parametrize(
    ("wish", "numbers"),
    [
        ({}, [1, 2, 3]),
        ({"node": "keep"}, [1, 2]),
        ({"code": DeadCode.TIMEOUT}, [2, 3]),
        ({"node": "keep", "code": DeadCode.TIMEOUT}, [2]),
        ({"node": "nobody"}, []),
    ],
)
def test_only_what_was_wished_is_taken_and_the_others_are_kept(redriven, tmp_path, wish, numbers):
    letters = [_letter(1), _letter(2, code=DeadCode.TIMEOUT), _letter(3, "other", DeadCode.TIMEOUT)]
    again = redriven(*letters, **wish)
    assert [number for number, _ in again.lines()] == numbers
    kept = [number for number in (1, 2, 3) if number not in numbers]
    assert [letter.number for letter in again.letters([])] == kept
    assert again.merge(tmp_path / "staged") == len(kept)
    assert (tmp_path / "staged").exists() == bool(kept)


def test_letters_that_are_kept_and_those_that_died_again_are_put_together_by_their_lines(redriven, dead, tmp_path):
    kept = [_letter(1, "other"), _letter(9, "other", item={"a": 1}, traceback="Traceback\n")]
    again = redriven(kept[0], _letter(5), kept[1], node="keep")
    again.lines()
    staged = tmp_path / "staged"
    staged.write_bytes(letter_line(_letter(5, text="still bad"), "in"))
    assert again.merge(staged) == 3
    found = [json.loads(line) for line in staged.read_bytes().splitlines()]
    assert [(letter["line"], letter["text"]) for letter in found] == [(1, "bad"), (5, "still bad"), (9, "bad")]
    was = [json.loads(line) for line in dead.read_bytes().splitlines()]
    assert [found[0], found[2]] == [was[0], was[2]]
    assert again.letters([_letter(5)]) == (kept[0], _letter(5), kept[1])


def test_a_line_that_the_letter_shows_only_the_beginning_of_is_read_from_the_input(redriven):
    whole = "x" * (TEXT_LIMIT + 50)
    again = redriven(_letter(2, text=whole[: TEXT_LIMIT + 1]), data=f"a\n{whole}\nb\n".encode())
    assert again.lines() == ((2, whole),)


def test_a_letter_whose_line_is_nowhere_is_kept(redriven, tmp_path):
    again = redriven(_letter(2, text="x" * (TEXT_LIMIT + 1)), _letter(3), data=b"a\n")
    assert again.lines() == ((3, "bad"),)
    assert [letter.number for letter in again.letters([])] == [2]
    too_long = _letter(1, "", DeadCode.TOO_LONG, text=None, offset=0, length=9)
    again = redriven(too_long)
    (tmp_path / "in").unlink()
    assert again.lines() == ()
    assert again.letters([]) == (too_long,)


def test_a_file_of_dead_letters_that_is_gone_or_of_another_kind_is_said(dead, make_claim, make_pipeline):
    with pytest.raises(BadInput) as caught:
        Redriven(dead, make_claim(), make_pipeline())
    assert caught.value.code == "vanished"
    dead.write_bytes(b"not json\n")
    with pytest.raises(BadInput, match="this is no file of dead letters") as caught:
        Redriven(dead, make_claim(), make_pipeline())
    assert caught.value.code == "corrupt"


def test_a_line_takes_all_of_its_letters_with_it_so_that_none_of_them_is_driven_twice(redriven):
    again = redriven(_letter(3, text="three"), _letter(3, "other", text="three"), _letter(4, "other"), node="keep")
    assert again.lines() == ((3, "three"),)
    assert [letter.number for letter in again.letters([])] == [4]


def test_what_a_stream_gave_before_the_first_line_is_no_line_and_is_kept(redriven):
    again = redriven(_letter(0), _letter(1))
    assert [number for number, _ in again.lines()] == [1]
    assert [letter.number for letter in again.letters([])] == [0]


JOINED = """
nodes:
  join: {use: linemill.processors:join_lines, with: {start: "^[a-z]"}, to: keep}
  keep: {use: "steps:keep", to: all}
outputs:
  all: out/{name}
"""


def test_what_died_behind_a_stream_goes_on_from_its_node_and_its_line_does_not_go_again(redriven, make_pipeline):
    letters = [
        _letter(1, "join", text="a"),
        _letter(5, item="d\n  e", text="f"),
        _letter(2, item='{"a": 1}', form=Form.JSON, text="b"),
        _letter(3, text="c"),
        _letter(0, text="last"),
    ]
    again = redriven(*letters, pipeline=make_pipeline(text=JOINED))
    assert again.lines() == ((1, "a"),)
    assert again.items() == (
        Resumed("keep", 0, "last", "last"),
        Resumed("keep", 2, {"a": 1}, "b"),
        Resumed("keep", 3, "c", "c"),
        Resumed("keep", 5, "d\n  e", "f"),
    )
    assert again.letters([]) == ()


@pytest.mark.parametrize(
    "letter",
    [
        _letter(2, item="x" * TEXT_LIMIT + "x…", text="b"),
        _letter(2, item="<object>", form=Form.REPR, text="b"),
        _letter(2, item="x", text="b", code=DeadCode.UNROUTED),
        _letter(2, item="x", text="b", code=DeadCode.NOT_JSON),
        _letter(2, "gone", item="x", text="b"),
    ],
)
def test_what_died_behind_a_stream_and_is_not_all_there_stays(redriven, make_pipeline, letter):
    again = redriven(_letter(1, "join", text="a"), letter, pipeline=make_pipeline(text=JOINED))
    assert again.lines() == ((1, "a"),)
    assert again.items() == ()
    assert again.letters([]) == (letter,)


def test_only_items_that_were_wished_go_on(redriven, make_pipeline):
    letters = [_letter(1, item="x"), _letter(1, "join", text="a")]
    again = redriven(*letters, node="join", pipeline=make_pipeline(text=JOINED))
    assert (again.lines(), again.items()) == (((1, "a"),), ())
    assert again.letters([]) == (letters[0],)

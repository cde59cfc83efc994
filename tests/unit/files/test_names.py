from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linemill.files import shown, unshown


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain name.log", "plain name.log"),
        ("größe-日本.log", "größe-日本.log"),
        ("two\nlines\tand\x1b[31mred", r"two\nlines\tand\x1b[31mred"),
        ("\u202egol.exe", r"\u202egol.exe"),
        ("back\\slash", r"back\\slash"),
    ],
)
def test_a_name_is_one_line_of_printable_characters(name: str, expected: str):
    assert shown(name) == expected


def test_bytes_that_are_not_utf8_are_shown_as_bytes():
    assert shown(Path(os.fsdecode(b"caf\xe9.log"))) == r"caf\xe9.log"


def test_two_names_never_look_the_same():
    assert shown("a\n") != shown("a\\n")


def test_bytes_and_characters_of_the_same_number_look_different():
    assert shown("\x85") == r"\u0085"
    assert shown(os.fsdecode(b"\x85")) == r"\x85"


@given(st.binary())
def test_a_name_can_be_told_from_how_it_is_shown(name: bytes):
    assert os.fsencode(unshown(shown(os.fsdecode(name)))) == name


@given(st.text(st.characters()))
def test_any_text_can_be_told_from_how_it_is_shown(text: str):
    assert shown(text).isprintable()
    assert unshown(shown(text)) == text


@pytest.mark.parametrize("text", [r"C:\work", r"\x9", r"\u12", r"\U00110000", "\\"])
def test_what_is_never_shown_stays_as_it_is(text: str):
    assert unshown(text) == text

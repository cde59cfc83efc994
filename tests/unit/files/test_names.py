from __future__ import annotations

import os
from pathlib import Path

import pytest

from linemill.files import shown


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

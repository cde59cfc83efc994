from pathlib import Path

import pytest

from linemill.cli.wording import count, cut, duration, name_of, near, size, visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain – é 中 [red]", "plain – é 中 [red]"),
        ("\x1b[31m\x07", "\\x1b[31m\\x07"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x85\u2028", "\\u0085\\u2028"),
        ("abc\u202edef", "abc\\u202edef"),
        ("\udcff", "\\xff"),
    ],
)
def test_what_a_terminal_would_act_on_is_escaped(text, seen):
    assert visible(text) == seen


def test_text_of_several_lines_keeps_newlines_and_tabs_and_nothing_else():
    assert visible("a\n\tb\r\n", lines=True) == "a\n\tb\\r\n"


def test_a_path_inside_the_current_folder_is_shown_from_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert near(tmp_path / "out" / "a\n") == "out/a\\n"
    assert near(Path("/elsewhere/a")) == "/elsewhere/a"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.004, "0.00 s"), (9.5, "9.50 s"), (59.94, "59.9 s"), (185.2, "3 min 5 s"), (7440, "2 h 4 min")]
)
def test_a_duration_is_as_exact_as_one_reads_it(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1500, "1.5 kB"),
        (33_000_000, "33 MB"),
        (999_600_000, "1.0 GB"),
        (5e12, "5.0 TB"),
        (4e15, "4,000.0 TB"),
    ],
)
def test_a_size_is_said_in_the_nearest_unit(number, said):
    assert size(number) == said


def test_one_thing_is_not_things():
    assert (count(1, "line"), count(0, "line"), count(1200, "line")) == ("1 line", "0 lines", "1,200 lines")


def test_names_are_shown_on_one_line_and_long_texts_cut():
    assert name_of("a\n\x1b\udcff\\.log") == "a\\n\\x1b\\xff\\\\.log"
    assert [cut("abcd", length) for length in (4, 3)] == ["abcd", "ab…"]

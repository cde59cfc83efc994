import json

import pytest

from linemill.cli.documents import ANSWERS


@pytest.fixture
def letters(records):
    file_id = records.file("a.log")
    attempt = records.attempt(file_id, ended_at=5.0)
    records.letter(file_id, attempt, "keep", "raised", line=3, text="old")
    records.letter(
        file_id,
        attempt,
        "keep",
        "raised",
        line=4,
        text="\x1b[2J" + "x" * 300,
        item="{}",
        error="ValueError: \x07",
        traceback='Traceback:\n  File "a.py"\nValueError: \x07\n',
    )
    records.letter(file_id, attempt, "", "too_long", line=9, text=None, error="the line has 99 bytes")
    records.file("bad.log", "failed")


def test_dead_letters_are_grouped_with_the_newest_of_each(letters, linemill, monkeypatch):
    monkeypatch.setattr("linemill.cli.errors.clock", lambda at: f"<{at:.0f}>")
    said = linemill("errors")
    assert said.code == 0
    assert said.out.splitlines() == [
        "2 dead letters: node keep, raised; the newest of <5>",
        "  a.log, line 4, keep: ValueError: \\x07",
        "    text: \\x1b[2J" + "x" * 195 + "…",
        "    item: {}",
        "    Traceback:",
        '      File "a.py"',
        "    ValueError: \\x07",
        "1 dead letter: before any node, too_long; the newest of <5>",
        "  a.log, line 9: the line has 99 bytes",
        "1 file failed as a whole: linemill files --state failed",
    ]


def test_one_kind_is_shown_letter_by_letter(letters, linemill):
    lines = linemill("errors", "a.log", "--node", "keep", "--limit", "1").out.splitlines()
    assert lines[0] == "  a.log, line 4, keep: ValueError: \\x07"
    assert lines[-1].startswith("and more; the next page: --after ")
    after = lines[-1].split()[-1]
    assert linemill("errors", "--node", "keep", "--after", after).out == "  a.log, line 3, keep: ValueError: no\n    text: old\n"
    assert "line 9" in linemill("errors", "--code", "too_long").out
    assert linemill("errors", "bad.log").out == "no dead letters\n"
    assert linemill("errors", "--node", "kept").out == 'no dead letters; did you mean "keep"?\n'
    assert linemill("errors", "--code", "too-long").out == 'no dead letters; did you mean "too_long"?\n'
    assert linemill("errors", "--node", "nowhere").out == "no dead letters\n"


def test_the_fields_of_the_answer_are_those_of_the_reference(letters, linemill):
    grouped, single = json.loads(linemill("errors", "--json").out), json.loads(linemill("errors", "1", "--json").out)
    assert grouped.keys() | single.keys() == {"form", *ANSWERS["errors"]}
    for field in single["letters"][0]:
        assert f"`{field}`" in ANSWERS["errors"]["letters"]
    assert [letter["number"] for letter in single["letters"]] == [9, 4, 3]
    assert [(group["node"], group["count"]) for group in grouped["groups"]] == [("keep", 2), ("", 1)]
    assert grouped["failed_files"] == 1


def test_without_dead_letters_that_is_said(records, linemill):
    assert linemill("errors").out == "no dead letters\n"


def test_a_file_that_is_not_there_and_a_catalog_that_is_not_there_are_refused(mill, linemill, make_records, tmp_path):
    said = linemill("errors")
    assert said.code == 2
    assert said.err == (
        "linemill: there is no catalog yet [.linemill]; `linemill run` and `linemill watch` begin one; "
        "with --out or -p you name another\n"
    )
    make_records(tmp_path / ".linemill")
    said = linemill("errors", "b.log")
    assert (said.code, said.err) == (2, "linemill: the catalog has no such file [b.log]; `linemill files` lists them\n")

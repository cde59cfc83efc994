import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from linemill.cli import summary
from linemill.cli.exits import Exit
from linemill.cli.outcome import Outcome
from linemill.mill.report import Failure, FileReport
from linemill.pipeline import Pipeline


@pytest.fixture
def shown(
    web_logs: Pipeline, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., str]:
    """The summary of some reports."""
    monkeypatch.chdir(tmp_path)

    def show(*reports: FileReport) -> str:
        summary.show(Outcome(web_logs, reports, (), 2.0, Exit.DONE), to_stderr=False)
        return capsys.readouterr().out

    return show


def test_every_line_of_a_file_is_accounted_for(make_report, shown):
    assert _lines(shown(make_report())) == [
        "app.log: done in 0.50 s",
        "  lines in      1,000  2,000 lines/s, 24 kB/s",
        "  to errors        20  out/errors/app.log",
        "  to warnings       0  out/warnings/app.log",
        "  to general      955  out/general/app.log",
        "  filtered         10  node clean",
        "  dropped           9  node level",
        "  dead letters      1  longer than max_line: dead/app.log.jsonl",
        "  dead letters      2  node level, no route for the tag: dead/app.log.jsonl",
        "  dead letters      3  node snake: dead/app.log.jsonl",
    ]


def test_several_files_are_added_up(make_report, shown):
    text = shown(make_report("a.log"), make_report("b.log"))
    assert text.index("a.log: done") < text.index("b.log: done") < text.index("2 files done in 2.00 s")
    totals = _lines(text[text.index("2 files done") :])
    assert totals[1] == "  lines in      2,000  1,000 lines/s, 12 kB/s"
    assert "  to general    1,910" in totals
    assert "  dead letters      6  node snake" in totals


def test_of_many_files_only_the_failed_ones_are_named(make_report, shown):
    reports = [make_report(f"{number}.log") for number in range(25)]
    text = shown(*reports, make_report("bad.log", Failure("truncated", "the archive ends too early")))
    assert "0.log: done" not in text
    assert "bad.log: failed (truncated)" in text
    assert "25 files done in 2.00 s, 1 failed" in text


def test_of_many_failed_files_the_first_are_named_and_the_others_counted(make_report, shown):
    text = shown(*(make_report(f"{number}.log", Failure("vanished", "is not there")) for number in range(22)))
    assert text.count("is not there") == 20
    assert "and 2 more files failed; --json names all\n0 files done in 2.00 s, 22 failed\n" in text


def test_a_failure_shows_reason_code_and_traceback(make_report, shown):
    failure = Failure(
        "stream_raised", "node audit raised at line 7", 'Traceback:\n  File "audit.py", line 3\nKeyError: 1\n', True
    )
    assert _lines(shown(make_report("bad.log", failure))) == [
        "bad.log: failed (stream_raised), nothing of it was published",
        "  node audit raised at line 7",
        "    Traceback:",
        '      File "audit.py", line 3',
        "    KeyError: 1",
        "  the file itself is fine; run it again when the cause is gone",
    ]


def test_the_first_dead_letters_are_shown_and_the_others_counted(make_report, shown, tmp_path):
    letters = [{"line": 7, "node": "snake", "code": "raised", "error": "ValueError: \x1b[2J [red]no[/red]"}] * 6
    (tmp_path / "dead").mkdir()
    (tmp_path / "dead" / "app.log.jsonl").write_text("".join(json.dumps(letter) + "\n" for letter in letters))
    assert _lines(shown(make_report()))[-4:] == [
        *["    line 7, snake: ValueError: \\x1b[2J [red]no[/red]"] * 3,
        "    and 3 more",
    ]


def test_a_dead_letter_of_no_node_is_shown_without_one(make_report, shown, tmp_path):
    (tmp_path / "dead").mkdir()
    (tmp_path / "dead" / "app.log.jsonl").write_text('{"line": 3, "code": "too_long", "error": "the line has 99 bytes"}\n')
    assert "    line 3: the line has 99 bytes\n    and 5 more\n" in shown(make_report())


@pytest.mark.parametrize("text", ["not JSON\n", "[]\n", "{}\n", ""])
def test_a_file_of_dead_letters_that_somebody_changed_does_no_harm(make_report, shown, tmp_path, text):
    (tmp_path / "dead").mkdir()
    (tmp_path / "dead" / "app.log.jsonl").write_text(text)
    assert "dead letters      3  node snake" in shown(make_report())


def test_a_hostile_name_is_escaped_and_never_read_as_markup(make_report, shown):
    text = shown(make_report(os.fsdecode(b"[red]\x1b[2J\n\xff:smile:.log")))
    assert "[red]\\x1b[2J\\n\\xff:smile:.log: done" in text
    assert "out/errors/[red]\\x1b[2J\\n\\xff:smile:.log\n" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
def test_no_number_is_cut_on_a_narrow_terminal(make_report, web_logs, monkeypatch, tmp_path, columns):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    report = make_report("a-name-that-is-longer-than-every-terminal-of-this-test-is-wide-by-far.log")
    report.ledger.lines = 123_456_789_012
    report.ledger.outputs["general"].lines = 123_456_700_000
    summary.show(Outcome(web_logs, (report,), (), 2.0, Exit.DONE), to_stderr=False)
    text = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    assert re.search(r"^  lines in +123,456,789,012 ", text, re.MULTILINE)
    assert "24 kB/s\n" in text
    assert re.search(r"^  to general +123,456,700,000 ", text, re.MULTILINE)
    assert report.name in re.sub(r"\n +", "", text)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]

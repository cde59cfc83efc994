import io
import re

import pytest

from linemill.cli import progress
from linemill.mill.once import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watched(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard error a terminal of 100 columns, and the bar show at once."""
    made = Terminal()
    monkeypatch.setattr("sys.stderr", made)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "QUIET_S", 0.0)
    return made


def test_the_bar_shows_share_bytes_and_files(monkeypatch):
    terminal = watched(monkeypatch)
    with progress.Bar() as bar:
        bar.show(Progress(30_000_000, 120_000_000, 3, 10))
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    assert "25%" in text
    assert "30.0/120.0 MB" in text
    assert "3 of 10 files" in text


def test_a_pipe_of_unknown_length_has_a_bar_too(monkeypatch):
    terminal = watched(monkeypatch)
    with progress.Bar() as bar:
        bar.show(Progress(30_000_000, None, 0, 1))
    assert "30.0/? MB" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())


def test_a_short_run_has_no_bar(monkeypatch):
    terminal = watched(monkeypatch)
    monkeypatch.setattr(progress, "QUIET_S", 60.0)
    with progress.Bar() as bar:
        bar.show(Progress(1, 2, 0, 1))
    assert terminal.getvalue() == ""


def test_there_is_no_bar_in_a_pipe_nor_among_the_lines_themselves(monkeypatch):
    watched(monkeypatch)
    assert progress.wanted(data_on_stdout=False)
    monkeypatch.setattr("sys.stdout", Terminal())
    assert not progress.wanted(data_on_stdout=True)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert not progress.wanted(data_on_stdout=False)

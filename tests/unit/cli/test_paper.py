import io
import re

from linemill.cli.paper import Paper


def test_columns_stand_under_each_other_and_numbers_to_the_right(capsys):
    paper = Paper()
    paper.table(["id", "name", "lines"], [["1", "日本.log", 5], ["23", "b", 1200]])
    paper.line("over")
    paper.print()
    assert capsys.readouterr().out.splitlines() == [
        "id  name      lines",
        "1   日本.log      5",
        "23  b         1,200",
        "over",
    ]


def test_nothing_that_a_terminal_acts_on_comes_through(capsys):
    paper = Paper()
    paper.line("[red]\x1b[2J\n:smile:", "bold")
    paper.table(["a"], [["\x07\udcff"]])
    paper.print()
    assert capsys.readouterr().out == "[red]\\x1b[2J\\n:smile:\na\n\\x07\\xff\n"


def test_colors_are_for_terminals_and_long_lines_are_whole(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    paper = Paper()
    paper.table(["a"], [["x" * 50]], ["red"])
    paper.print()
    assert "\x1b[31m" in terminal.getvalue()
    assert "x" * 50 in re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())

"""What `linemill run` prints for people when it is over: what became of every line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from linemill.cli.outcome import Outcome, dead_letters, fates
from linemill.cli.wording import count, duration, near, size, visible
from linemill.files.names import shown

if TYPE_CHECKING:
    from rich.console import Console

    from linemill.mill.report import FileReport
    from linemill.pipeline import Pipeline

MANY_FILES = 20
"""With more files than this, files that are done are only counted."""

SHOWN_LETTERS = 3
"""Dead letters of a file that are shown; the others are in its file of dead letters."""

LEAST_PATH_WIDTH = 16
"""Columns that a path needs at least; it is folded into more lines, while numbers never are."""

_STYLES = {"to": "", "filtered": "dim", "dropped": "dim", "dead letters": "yellow"}


def show(outcome: Outcome, *, to_stderr: bool) -> None:
    """Print the summary.

    Args:
        outcome: The run.
        to_stderr: Standard output carries the lines themselves.
    """
    stream = sys.stderr if to_stderr else sys.stdout
    console = _console(stream)
    # Written by ourselves, since Rich would end the program with its own exit code where nobody reads any more.
    with console.capture() as written:
        _show_all(console, outcome)
    stream.write(written.get())
    stream.flush()
    if outcome.unfinished:
        print(f"stopped; nothing of {_named(outcome.unfinished)} was published", file=sys.stderr)


def _show_all(console: Console, outcome: Outcome) -> None:
    finished, failed = outcome.finished, outcome.failed
    for report in finished if len(outcome.reports) <= MANY_FILES else ():
        _show_done(console, report, outcome)
    for report in failed[:MANY_FILES]:
        _show_failed(console, report)
    if len(failed) > MANY_FILES:
        _line(console, f"and {count(len(failed) - MANY_FILES, 'more file')} failed; --json names all")
    if len(outcome.reports) > 1:
        _show_totals(console, finished, outcome)


def _show_done(console: Console, report: FileReport, outcome: Outcome) -> None:
    _line(console, f"{shown(report.name)}: done in {duration(report.seconds)}", "bold")
    _table(console, _rows([report], report.seconds, outcome.pipeline))
    letters = dead_letters(report, SHOWN_LETTERS)
    for letter in letters:
        _line(console, f"    {visible(letter)}", "yellow")
    if letters and report.ledger.dead > len(letters):
        _line(console, f"    and {report.ledger.dead - len(letters):,} more", "yellow")


def _show_failed(console: Console, report: FileReport) -> None:
    failure = report.failure
    assert failure is not None, "a failed file has a reason"
    _line(console, f"{shown(report.name)}: failed ({failure.code}), nothing of it was published", "bold red")
    _line(console, f"  {visible(failure.what)}")
    for text in visible(failure.traceback, lines=True).splitlines():
        _line(console, f"    {text}", "dim")
    if failure.may_retry:
        _line(console, "  the file itself is fine; run it again when the cause is gone")


def _show_totals(console: Console, finished: Sequence[FileReport], outcome: Outcome) -> None:
    words = f"{count(len(finished), 'file')} done in {duration(outcome.seconds)}"
    _line(console, f"{words}, {len(outcome.failed):,} failed" if outcome.failed else words, "bold")
    if finished:
        _table(console, _rows(finished, outcome.seconds, outcome.pipeline))


def _rows(reports: Sequence[FileReport], seconds: float, pipeline: Pipeline) -> list[tuple[str, int, str]]:
    """Make the rows of a table: what, how many, where."""
    lines, read = sum(report.ledger.lines for report in reports), sum(report.bytes for report in reports)
    resumed = sum(node.resumed for report in reports for node in report.ledger.nodes.values())
    rate = f"{lines / seconds:,.0f} lines/s, {size(read / seconds)}/s" if seconds > 0 else ""
    rows = [("lines in", lines, rate)]
    if resumed:
        rows.append(("taken on", resumed, "from the nodes that they died at"))
    for fate in fates(reports, pipeline):
        if fate.what == "to":
            rows.append((f"to {visible(fate.place)}", fate.lines, near(fate.path) if fate.path else ""))
        else:
            where = visible(fate.place) + (f": {near(fate.path)}" if fate.path else "")
            rows.append(("dead letters" if fate.what == "dead" else fate.what, fate.lines, where))
    return rows


def _table(console: Console, rows: Sequence[tuple[str, int, str]]) -> None:
    from rich.cells import cell_len, set_cell_size

    what_width = max(cell_len(what) for what, _, _ in rows)
    number_width = max(len(f"{number:,}") for _, number, _ in rows)
    # Of a narrow terminal the last column gets the rest, in as many lines as it takes. Numbers stay whole: Rich's own
    # tables would cut them.
    where_width = max(console.width - what_width - number_width - 6, LEAST_PATH_WIDTH)
    for what, number, where in rows:
        style = next((style for start, style in _STYLES.items() if what.startswith(start)), "")
        start = f"  {set_cell_size(what, what_width)}  {number:>{number_width},}  "
        for part in _folded(where, where_width):
            _line(console, (start + part).rstrip(), style)
            start = " " * cell_len(start)


def _folded(text: str, width: int) -> list[str]:
    """Fold a text at its commas if that is enough, so that no number is torn, else anywhere."""
    from rich.cells import cell_len, chop_cells

    if cell_len(text) <= width:
        return [text]
    parts = text.replace(", ", ",\n").split("\n")
    return parts if all(cell_len(part) <= width for part in parts) else chop_cells(text, width)


def _line(console: Console, text: str, style: str = "") -> None:
    from rich.text import Text

    console.print(Text(text, style=style), soft_wrap=True)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    # Markup, emoji codes and highlighting are off: names and lines are shown as they are. A pipe has no width.
    return Console(file=stream, markup=False, emoji=False, highlight=False, width=None if stream.isatty() else 100_000)


def _named(files: Sequence[Path | None]) -> str:
    first = "standard input" if files[0] is None else near(files[0])
    return first if len(files) == 1 else f"{first} and {count(len(files) - 1, 'more file')}"

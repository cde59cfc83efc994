"""Lines and columns for people: aligned, harmless, colored on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from linemill.cli.wording import visible

if TYPE_CHECKING:
    from rich.console import Console

STATES = {"done": "green", "failed": "bold red", "working": "cyan", "committed": "cyan", "ignored": "dim"}
"""Colors of states; the others have none."""


class Paper:
    """Takes lines, and prints them all at once on standard output."""

    def __init__(self) -> None:
        from rich.console import Console

        # Names and other people's words are shown as they are: no markup, no emoji codes, no highlighting.
        is_terminal = sys.stdout.isatty()
        self._console: Console = Console(
            file=sys.stdout, markup=False, emoji=False, highlight=False, width=None if is_terminal else 100_000
        )
        self._lines: list[tuple[str, str]] = []

    def line(self, text: str, style: str = "") -> None:
        """Add a line; what a terminal would act on is escaped."""
        self._lines.append((visible(text), style))

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str | int]], styles: Sequence[str] | None = None) -> None:
        """Add rows in columns, numbers to the right.

        Args:
            head: Names of the columns.
            rows: Texts and numbers, as many as there are columns.
            styles: One for each row.
        """
        from rich.cells import cell_len

        texts = [[f"{cell:,}" if isinstance(cell, int) else visible(cell) for cell in row] for row in rows]
        widths = [max(cell_len(cells[column]) for cells in [list(head), *texts]) for column in range(len(head))]
        numeric = [any(isinstance(row[column], int) for row in rows) for column in range(len(head))]
        for number, cells in enumerate([list(head), *texts]):
            padded = [
                " " * (width - cell_len(cell)) + cell if is_number else cell + " " * (width - cell_len(cell))
                for cell, width, is_number in zip(cells, widths, numeric, strict=True)
            ]
            style = "dim" if number == 0 else styles[number - 1] if styles is not None else ""
            self._lines.append(("  ".join(padded).rstrip(), style))

    def print(self) -> None:
        """Print all."""
        from rich.text import Text

        # Written by ourselves, since Rich would end the program with its own exit code where nobody reads any more.
        with self._console.capture() as written:
            for text, style in self._lines:
                self._console.print(Text(text, style=style), soft_wrap=True)
        self._lines.clear()
        sys.stdout.write(written.get())
        sys.stdout.flush()

"""Tables in Markdown, a row at a time, and what was missed."""

from __future__ import annotations

from collections.abc import Sequence


class Report:
    """What has been measured so far.

    Attributes:
        missed: A sentence for every bar that was missed.
    """

    def __init__(self) -> None:
        self.missed: list[str] = []

    def head(self, *titles: str, texts: int = 2) -> None:
        """Begin a table; its first columns hold text, as does the last, the others numbers."""
        rules = ["---" if index < texts or index == len(titles) - 1 else "---:" for index in range(len(titles))]
        print(f"\n| {' | '.join(titles)} |\n|{'|'.join(rules)}|")

    def row(self, cells: Sequence[str]) -> None:
        """Print a row."""
        print(f"| {' | '.join(cells)} |", flush=True)

    def verdict(self, what: str, value: float, bar: float | None) -> str:
        """Say whether a bar was kept, and remember it if not.

        Args:
            what: What was measured, for people.
            value: What came out.
            bar: The largest value that will do; None for any.
        """
        if bar is None:
            return ""
        if value <= bar:
            return "kept"
        self.missed.append(f"{what}: {value:.2f}, at most {bar:g}")
        return "**missed**"

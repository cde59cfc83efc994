"""What a run came to, put together for the summary and for JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from linemill.cli.exits import Exit
from linemill.mill.report import FileReport, State
from linemill.pipeline import DEAD_LETTERS, DROP, Pipeline


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that is over, to its end or stopped.

    Attributes:
        pipeline: What the files went through.
        reports: Of the files that were done or failed, in the order of the command line.
        unfinished: Files of which nothing was published because the run was stopped; None stands for standard input.
        seconds: How long the run took, in seconds.
        code: The exit code.
    """

    pipeline: Pipeline
    reports: tuple[FileReport, ...]
    unfinished: tuple[Path | None, ...]
    seconds: float
    code: Exit

    @property
    def finished(self) -> tuple[FileReport, ...]:
        """The files that are done."""
        return tuple(report for report in self.reports if report.state is State.DONE)

    @property
    def failed(self) -> tuple[FileReport, ...]:
        """The files that failed."""
        return tuple(report for report in self.reports if report.state is State.FAILED)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of some lines, and where.

    Attributes:
        what: `to`, `filtered`, `dropped` or `dead`.
        place: The output for `to`; else the place in words: `node clean`.
        lines: How many; items, where a line gave several or none.
        path: The output file, where there is one.
    """

    what: str
    place: str
    lines: int
    path: Path | None = None


def fates(reports: Sequence[FileReport], pipeline: Pipeline) -> list[Fate]:
    """Add up what became of every line of files that are done: each output first, then what came to none, by node.

    The path of an output is given for a single file only.
    """
    only = reports[0] if len(reports) == 1 else None
    paths = {published.output: published.path for published in only.published} if only else {}
    found: list[Fate] = []
    for output in pipeline.outputs:
        lines = sum(report.ledger.outputs[output.name].lines for report in reports)
        found.append(Fate("to", output.name, lines, paths.get(output.name)))
    for what, counts in (("filtered", _filtered), ("dropped", _dropped), ("dead", _dead)):
        by_place: dict[str, int] = {}
        for report in reports:
            for place, lines in counts(report):
                by_place[place] = by_place.get(place, 0) + lines
        found += [
            Fate(what, place, lines, paths.get(DEAD_LETTERS) if what == "dead" else None)
            for place, lines in by_place.items()
            if lines
        ]
    return found


def _filtered(report: FileReport) -> Iterable[tuple[str, int]]:
    return ((f"node {name}", node.filtered) for name, node in report.ledger.nodes.items())


def _dropped(report: FileReport) -> Iterable[tuple[str, int]]:
    return ((f"node {name}", node.sent.get(DROP, 0)) for name, node in report.ledger.nodes.items())


def _dead(report: FileReport) -> Iterable[tuple[str, int]]:
    yield "longer than max_line", report.ledger.too_long
    for name, node in report.ledger.nodes.items():
        yield f"node {name}", node.dead
        yield f"node {name}, no route for the tag", node.unrouted
    for name, output in report.ledger.outputs.items():
        yield f"output {name}", output.dead


def dead_letters(report: FileReport, at_most: int) -> list[str]:
    """Read the first dead letters of a file that is done, as `line 17, node clean: ValueError: no number`."""
    path = next((published.path for published in report.published if published.output == DEAD_LETTERS), None)
    if path is None:
        return []
    try:
        with path.open("rb") as letters:
            return [_letter(json.loads(line)) for line in islice(letters, at_most)]
    except (OSError, ValueError, LookupError, TypeError):
        # Somebody else may have changed the file, or taken it away, by now; the counts say all the same.
        return []


def _letter(letter: dict[str, object]) -> str:
    place = ", ".join(str(part) for part in (f"line {letter['line']}", letter.get("node")) if part)
    return f"{place}: {letter['error']}"

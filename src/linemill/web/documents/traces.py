"""Lines and their ways: those that were sampled, and those that died."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from linemill.catalog.rows import LetterRow, TraceRow
from linemill.engine import Step as StepRow
from linemill.files import shown
from linemill.web.documents.letters import letters as said_letters
from linemill.web.documents.texts import said
from linemill.web.models import Given, Letter, Step, Trace, TracedLine
from linemill.web.site import Site

LETTERS = 500
"""Dead letters that are looked through for lines which were not sampled."""


def trace(site: Site, *, file_id: int | None, line: int | None, node: str | None, after: str | None, limit: int) -> Trace:
    """List sampled lines, those of the newest attempts first; of a file also the lines that died, with the first page.

    Raises:
        UsageError: The cursor is none of ours.
    """
    page = site.history.traces(file_id=file_id, node=node, line=line, after=after, limit=limit)
    lines = traced_lines(site, page.rows)
    if file_id is not None and after is None:
        known = {(each.attempt_id, each.line) for each in lines}
        letters = site.history.letters_of_file(file_id, line, LETTERS)
        lines += [
            each
            for each in _dead_lines(said_letters(letters, site.pipeline()), node)
            if (each.attempt_id, each.line) not in known
        ]
        lines.sort(key=lambda each: (-each.attempt_id, each.line))
    return Trace(lines=tuple(lines), after=page.after)


def traced_lines(site: Site, rows: Sequence[TraceRow]) -> list[TracedLine]:
    """Say the sampled lines of some attempts, each with what died of it."""
    numbers = {line.number for row in rows for line in row.lines}
    letters: dict[tuple[int, int], list[LetterRow]] = {}
    for each in site.history.letters_of_lines([row.attempt_id for row in rows], numbers) if numbers else ():
        letters.setdefault((each.attempt_id, each.number), []).append(each)
    return [
        TracedLine(
            file_id=row.file_id,
            file=shown(row.file),
            attempt_id=row.attempt_id,
            line=line.number,
            text=line.text,
            steps=tuple(map(_step, line.steps)),
            letters=said_letters(letters.get((row.attempt_id, line.number), ()), site.pipeline()),
        )
        for row in rows
        for line in row.lines
    ]


def _dead_lines(letters: Sequence[Letter], node: str | None) -> list[TracedLine]:
    """Say lines of which nothing is known but what died of them."""
    lines = []
    for (attempt_id, number), group in groupby(letters, key=lambda each: (each.attempt_id, each.line)):
        of_line = tuple(group)
        if node is None or any(each.node == node for each in of_line):
            first = of_line[0]
            lines.append(
                TracedLine(
                    file_id=first.file_id,
                    file=first.file,
                    attempt_id=attempt_id,
                    line=number,
                    text=first.text or "",
                    letters=of_line,
                )
            )
    return lines


def _step(row: StepRow) -> Step:
    gave = tuple(Given(tag=one.tag, item=one.item, targets=tuple(map(said, one.targets))) for one in row.gave)
    return Step(place=said(row.place), came=row.came, gave=gave, more=row.more)

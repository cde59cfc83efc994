"""`linemill verify`: is what is published what was counted?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from linemill.cli.asking import JsonOption, OutOption, history_of, loaded, place_of
from linemill.cli.documents import FORM, errors_as_json, written
from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption
from linemill.cli.paper import Paper
from linemill.cli.wording import count, near, size

if TYPE_CHECKING:
    from linemill.mill.verifying import Finding, Verified

SHOWN = 100
"""Findings that are shown; --json has all."""


def verify(
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="Only this file: its id, name or path.", show_default=False)
    ] = None,
    pipeline: PipelineOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> Exit:
    """Count again all that is published.

    Compares bytes, lines and checksums of every output file with the catalog, and the counts of all nodes with each other. A
    mill may go on working meanwhile. Exits with 1 if anything is wrong.
    """
    from linemill.mill.control import named
    from linemill.mill.verifying import verify as count_again

    with errors_as_json(as_json):
        place = place_of(pipeline, out)
        with history_of(place) as history:
            file_id = named(history, file).id if file is not None else None
            found = count_again(history, file_id, pipeline=loaded(place))
    if as_json:
        print(written({"form": FORM, "is_right": not found.findings, **asdict(found)}))
    else:
        _show(found)
    return Exit.FAILED if found.findings else Exit.DONE


def _show(found: Verified) -> None:
    paper = Paper()
    for finding in found.findings[:SHOWN]:
        paper.line(f"{_where(finding)}: {finding.wrong}: {finding.what}", "red")
    if len(found.findings) > SHOWN:
        paper.line(f"and {len(found.findings) - SHOWN:,} more; --json names all", "red")
    read = f"{count(found.outputs, 'output')} with {count(found.lines, 'line')}, {size(found.bytes)}"
    verdict = f"{count(len(found.findings), 'difference')}" if found.findings else "all right"
    paper.line(f"{verdict}: {read}; counts of {count(found.attempts, 'attempt')}", "bold")
    if found.unpublished:
        files = count(len(found.unpublished), "file")
        paper.line(f"{files} committed and not published yet, not counted: linemill files --state committed", "yellow")
    paper.print()


def _where(finding: Finding) -> str:
    whose = f"file {finding.file_id}" if finding.file_id is not None else ""
    if finding.target is None:
        return f"{whose}, attempt {finding.attempt_id}"
    return f"{near(finding.target)} ({whose})" if whose else near(finding.target)

"""`linemill reprocess`: files anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from linemill.cli.again import again
from linemill.cli.asking import JsonOption, OutOption, place_of
from linemill.cli.documents import errors_as_json
from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption

if TYPE_CHECKING:
    from linemill.catalog.history import History
    from linemill.catalog.rows import FileRow
    from linemill.mill.control import Control


def reprocess(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Ids, names or paths; of several of one name the newest.", show_default=False),
    ],
    append_again: Annotated[
        bool, typer.Option("--append-again", help="Write lines to growing outputs a second time, which have them already.")
    ] = False,
    pipeline: PipelineOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> Exit:
    """Process files anew, with the pipeline as it is now.

    Their outputs are replaced at once and as a whole. A mill that runs does it at once; if none does, this command does it
    itself, and prints what became of every line.
    """
    from linemill.mill.control import named

    def wish(control: Control, history: History, now: float) -> list[FileRow]:
        rows = [named(history, file) for file in files]
        control.reprocess(rows, now, append_again=append_again)
        return rows

    with errors_as_json(as_json):
        return again(place_of(pipeline, out), "reprocess", wish, as_json=as_json)

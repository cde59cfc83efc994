"""`linemill redrive`: dead letters, again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from linemill.cli.again import again
from linemill.cli.asking import CodeOption, JsonOption, NodeOption, OutOption, place_of
from linemill.cli.documents import errors_as_json
from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption

if TYPE_CHECKING:
    from linemill.catalog.history import History
    from linemill.catalog.rows import FileRow
    from linemill.mill.control import Control


def redrive(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE...", help="Ids, names or paths; all files with dead letters, if none is named.", show_default=False
        ),
    ] = None,
    node: NodeOption = None,
    code: CodeOption = None,
    pipeline: PipelineOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> Exit:
    """Take dead letters through the pipeline as it is now.

    What is delivered is added to the outputs; what dies again stays a dead letter. A mill that runs does it at once; if none
    does, this command does it itself, and prints what became of every line.
    """
    from linemill.mill.control import named

    def wish(control: Control, history: History, now: float) -> list[FileRow]:
        rows = [named(history, file) for file in files] if files else None
        return control.redrive(rows, now, node=node, code=code)

    with errors_as_json(as_json):
        return again(place_of(pipeline, out), "redrive", wish, as_json=as_json)

"""`linemill retry`: files that failed, again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from linemill.cli.again import again
from linemill.cli.asking import JsonOption, OutOption, note, place_of
from linemill.cli.documents import errors_as_json
from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption
from linemill.cli.wording import count
from linemill.errors import UsageError

if TYPE_CHECKING:
    from linemill.catalog.history import History
    from linemill.catalog.rows import FileRow
    from linemill.mill.control import Control


def retry(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE...", help="Ids, names or paths; of several of one name the newest.", show_default=False),
    ] = None,
    all_failed: Annotated[bool, typer.Option("--all", help="All files that failed.")] = False,
    pipeline: PipelineOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> Exit:
    """Try files again that failed.

    A mill that runs does it at once; if none does, this command does it itself, and prints what became of every line.
    """
    from linemill.mill.control import named

    def wish(control: Control, history: History, now: float) -> list[FileRow]:
        rows = _failed(history) if all_failed else [named(history, file) for file in files or ()]
        control.retry(rows, now)
        return rows

    with errors_as_json(as_json):
        if bool(files) == all_failed:
            raise UsageError("nothing is named" if not files else "files are named, and --all", hint="name files, or give --all")
        return again(place_of(pipeline, out), "retry", wish, as_json=as_json)


def _failed(history: History) -> list[FileRow]:
    """Give all files that failed and whose input is there still; say how many there are of the others."""
    from linemill.catalog.records import FileState
    from linemill.mill.control import has_input

    rows: list[FileRow] = []
    after: str | None = None
    while True:
        page = history.files(state=FileState.FAILED, sort="id", after=after, limit=1000)
        rows += page.rows
        after = page.after
        if after is None:
            break
    there = [row for row in rows if has_input(row)]
    if not there:
        raise UsageError("no file has failed" if not rows else "of no file that failed the input is there any more")
    if len(there) < len(rows):
        note(f"{count(len(rows) - len(there), 'file')} that failed cannot be tried again: the input is not there any more")
    return there

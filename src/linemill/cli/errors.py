"""`linemill errors`: which lines died, where and of what."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from linemill.cli.asking import AfterOption, CodeOption, JsonOption, NodeOption, OutOption, history_of, place_of
from linemill.cli.documents import FORM, errors_as_json, written
from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption
from linemill.cli.paper import Paper
from linemill.cli.times import clock
from linemill.cli.wording import count, cut, visible

if TYPE_CHECKING:
    from linemill.catalog.rows import LetterGroup, LetterRow

SHOWN_TEXT = 200
"""Characters of a line that are shown; the file of dead letters has more."""


def errors(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="Only dead letters of this file: its id, name or path.", show_default=False),
    ] = None,
    node: NodeOption = None,
    code: CodeOption = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="Dead letters at most.")] = 20,
    after: AfterOption = None,
    pipeline: PipelineOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> Exit:
    """Show dead letters: grouped by node and code, or one by one.

    Without a file, node or code: how many there are of each kind, with the newest of them. With one: each letter, the newest
    first.
    """
    from linemill.catalog.records import FileState
    from linemill.mill.control import named, near_letters

    with errors_as_json(as_json):
        place = place_of(pipeline, out)
        with history_of(place) as history:
            if file is node is code is after is None:
                groups = history.letters_grouped()
                failed = history.totals().get(FileState.FAILED, 0)
                if as_json:
                    print(written({"form": FORM, "groups": [asdict(group) for group in groups], "failed_files": failed}))
                else:
                    _show_groups(groups, failed)
                return Exit.DONE
            file_id = named(history, file).id if file is not None else None
            page = history.letters(file_id=file_id, node=node, code=code, after=after, limit=limit)
            meant = near_letters(history, node, code) if not page.rows else ""
    if as_json:
        print(written({"form": FORM, "letters": [asdict(letter) for letter in page.rows], "after": page.after}))
        return Exit.DONE
    paper = Paper()
    for letter in page.rows:
        _show_letter(paper, letter)
    if not page.rows:
        paper.line(f"no dead letters; {meant}" if meant else "no dead letters")
    if page.after is not None:
        paper.line(f"and more; the next page: --after {page.after}", "dim")
    paper.print()
    return Exit.DONE


def _show_groups(groups: list[LetterGroup], failed: int) -> None:
    paper = Paper()
    for group in groups:
        where = f"node {group.node}" if group.node else "before any node"
        paper.line(f"{count(group.count, 'dead letter')}: {where}, {group.code}; the newest of {clock(group.newest_at)}", "bold")
        _show_letter(paper, group.newest)
    if not groups:
        paper.line("no dead letters")
    if failed:
        paper.line(f"{count(failed, 'file')} failed as a whole: linemill files --state failed", "yellow")
    paper.print()


def _show_letter(paper: Paper, letter: LetterRow) -> None:
    fields = letter.fields
    place = ", ".join(part for part in (str(fields.get("file", "")), f"line {letter.number}", letter.node) if part)
    paper.line(f"  {place}: {fields.get('error', letter.code)}", "yellow")
    for name in ("text", "item"):
        text = fields.get(name)
        if isinstance(text, str):
            paper.line(f"    {name}: {cut(text, SHOWN_TEXT)}")
    for line in visible(str(fields.get("traceback", "")), lines=True).splitlines():
        paper.line(f"    {line}", "dim")

"""`linemill explain`: why a file is where it is."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linemill.cli.asking import JsonOption, OutOption, note, place_of, seen_in_inbox
from linemill.cli.documents import FORM, errors_as_json, written
from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption
from linemill.cli.paper import STATES, Paper
from linemill.cli.times import clock, distance
from linemill.cli.wording import count, cut, duration, name_of, near, size, visible
from linemill.errors import UsageError

if TYPE_CHECKING:
    from linemill.mill.explaining import Explanation

SHOWN_REASON = 80
"""Characters of the reason of an attempt that failed; that of the last one is shown in full above."""

SHOWN_OTHERS = 5
"""Other files of the same name that are told."""


def explain(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Its id, name or path; of several of one name the newest.", show_default=False)
    ],
    pipeline: PipelineOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> Exit:
    """Say why a file is where it is, what happens next, and when.

    With all its attempts and outputs.
    """
    from linemill.catalog.history import History
    from linemill.mill.explaining import explained, explained_seen, mill_state

    now = time.time()
    with errors_as_json(as_json):
        place = place_of(pipeline, out)
        seen, trouble = seen_in_inbox(place)
        if trouble:
            note(trouble)
        history = History.open(place.folder)
        try:
            mill = mill_state(history)
            found = [
                explained_seen(one, mill) for one in seen if file in (one.name, name_of(one.name), str(one.path), near(one.path))
            ]
            rows = history.find(file) if history is not None else []
            if history is not None and rows:
                found.append(explained(history, rows[0], mill))
        finally:
            if history is not None:
                history.close()
        if not found:
            nowhere = "there is no such file in the inbox, and no catalog yet"
            if history is not None:
                nowhere = "there is no such file in the inbox or the catalog"
            raise UsageError(nowhere, name_of(file), "`linemill files` lists them")
    others = [row.id for row in rows[1:]]
    if as_json:
        print(written({"form": FORM, "found": [_fields(each) for each in found], "others": others}))
        return Exit.DONE
    paper = Paper()
    for each in found:
        _show(paper, each, now)
    if others:
        more = ", …" if len(others) > SHOWN_OTHERS else ""
        paper.line(f"other files of this name: {', '.join(map(str, others[:SHOWN_OTHERS]))}{more}", "dim")
    paper.print()
    return Exit.DONE


def _show(paper: Paper, found: Explanation, now: float) -> None:
    row = found.row
    paper.line(f"{name_of(found.name)}{f' (id {row.id})' if row else ''}: {found.state}", STATES.get(found.state, "") or "bold")
    then = found.then
    if found.then_at is not None:
        then += f", {distance(found.then_at, now)} ({clock(found.then_at)})"
    paper.line(f"  why    {found.why}")
    paper.line(f"  next   {then}")
    if found.place is not None:
        paper.line(f"  place  {near(found.place)}")
    if row is None:
        return
    paper.line(f"  since  {clock(row.since)}, {distance(row.since, now)}")
    if row.life_name != row.name:
        paper.line(f"  called {name_of(row.life_name)} among its outputs, since there was one of its name before")
    paper.line(f"  read   {count(row.lines, 'line')}, {size(row.raw_bytes)}, {count(row.dead, 'dead letter')}")
    for text in visible(row.traceback, lines=True).splitlines():
        paper.line(f"    {text}", "dim")
    if found.attempts:
        paper.line("")
        rows: list[list[str | int]] = [
            [
                str(each.number),
                each.kind.value,
                each.state.value,
                clock(each.began_at),
                duration(each.seconds),
                each.lines,
                cut(f"{each.code}: {each.reason}", SHOWN_REASON) if each.code else "",
            ]
            for each in found.attempts
        ]
        paper.table(["attempt", "kind", "state", "began", "worked", "lines", ""], rows)
    if found.outputs:
        paper.line("")
        rows = [
            [each.name, each.lines, each.bytes, near(each.target) + ("" if each.is_published else "  (not published yet)")]
            for each in found.outputs
        ]
        paper.table(["output", "lines", "bytes", "file"], rows)


def _fields(found: Explanation) -> dict[str, Any]:
    fields = asdict(found)
    fields["file"] = fields.pop("row")
    return fields

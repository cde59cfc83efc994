"""`linemill files`: where all files are."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linemill.cli.asking import NO_CATALOG, AfterOption, JsonOption, OutOption, Place, note, place_of, seen_in_inbox
from linemill.cli.documents import FORM, errors_as_json, written
from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption
from linemill.cli.paper import STATES, Paper
from linemill.cli.times import clock, distance
from linemill.cli.wording import cut, name_of, near

if TYPE_CHECKING:
    from linemill.catalog.rows import FileRow
    from linemill.mill.arrival import Seen
    from linemill.mill.explaining import Listing, MillState

SHOWN_REASON = 80
"""Characters of a reason that are shown; `linemill explain` has the others."""


class State(StrEnum):
    """States of files, for the option: those of the catalog, which is not loaded for `--help`."""

    WAITING = "waiting"
    READY = "ready"
    WORKING = "working"
    COMMITTED = "committed"
    DONE = "done"
    FAILED = "failed"
    IGNORED = "ignored"


class Sort(StrEnum):
    """What files are sorted by."""

    SINCE = "since"
    SINCE_DOWN = "-since"
    NAME = "name"
    NAME_DOWN = "-name"
    ID = "id"
    ID_DOWN = "-id"


def files(
    state: Annotated[State | None, typer.Option("--state", help="Only files in this state.", show_default=False)] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="PATTERN", help="Only files of this name; * ? [ab] stand for others.", show_default=False),
    ] = None,
    sort: Annotated[
        Sort, typer.Option("--sort", help="since: when it came into its state; id: as they came. With - the last first.")
    ] = Sort.SINCE_DOWN,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="Files at most.")] = 50,
    after: AfterOption = None,
    pipeline: PipelineOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> Exit:
    """List files, in the inbox and in the catalog.

    Each with its state, since when, and what it waits for or failed for.
    """
    from linemill.catalog.history import History
    from linemill.catalog.records import FileState
    from linemill.mill.explaining import listed, mill_state

    now = time.time()
    with errors_as_json(as_json):
        place = place_of(pipeline, out)
        seen, trouble = seen_in_inbox(place)
        history = History.open(place.folder)
        try:
            wanted = FileState(state.value) if state is not None else None
            look = partial(listed, history, seen, state=wanted, name_like=name, sort=sort.value, limit=limit)
            found = look(after=after)
            while not found.rows and found.after is not None:  # none among so many
                found = replace(look(after=found.after), seen=found.seen)
            totals = history.totals() if history is not None else {}
            mill = mill_state(history)
        finally:
            if history is not None:
                history.close()
    if trouble:
        note(trouble)
    if as_json:
        print(_document(found, totals, mill))
    else:
        _show(found, totals, mill, place, now, has_catalog=history is not None)
    return Exit.DONE


def _show(found: Listing, totals: dict[Any, int], mill: MillState, place: Place, now: float, *, has_catalog: bool) -> None:
    paper = Paper()
    rows: list[list[str | int]] = [_seen_cells(one) for one in found.seen] + [_cells(row, now) for row in found.rows]
    states = [one.fate.value for one in found.seen] + [row.state.value for row in found.rows]
    if rows:
        head = ["id", "state", "since", "lines", "dead", "name", ""]
        paper.table(head, rows, [STATES.get(state, "") for state in states])
    else:
        paper.line("no files")
    if found.after is not None:
        paper.line(f"and more; the next page: --after {found.after}", "dim")
    if not has_catalog:
        paper.line(f"there is no catalog yet in {near(place.folder)}; {NO_CATALOG}", "dim")
    elif totals:
        paper.line(", ".join(f"{number:,} {state}" for state, number in totals.items()), "dim")
    if mill.paused is not None:
        reason = f": {mill.paused.reason}" if mill.paused.reason else ""
        paper.line(f"no file is begun: {mill.paused.who} paused the mill{reason}; `linemill resume` goes on", "yellow")
    if mill.blocked is not None:
        paper.line(f"no file is begun at the moment: {mill.blocked}", "yellow")
    if mill.refused is not None:
        paper.line(f"the pipeline file as it is now is not used: {mill.refused}", "yellow")
    paper.print()


def _seen_cells(one: Seen) -> list[str | int]:
    return ["-", one.fate.value, "-", "-", "-", name_of(one.name), one.reason or "in the inbox"]


def _cells(row: FileRow, now: float) -> list[str | int]:
    if row.code is not None:
        why = cut(f"{row.code}: {row.reason}", SHOWN_REASON)
    elif row.wish is not None:
        why = f"{row.wish.who} asked for it: {row.wish.kind}"
    else:
        why = f"was {name_of(row.name)}" if row.life_name != row.name else ""
    if row.next_try_at is not None and row.state.value == "ready":
        why = f"next try {distance(row.next_try_at, now)}; {why}" if why else f"next try {distance(row.next_try_at, now)}"
    return [str(row.id), row.state.value, clock(row.since), row.lines, row.dead, name_of(row.life_name), why]


def _document(found: Listing, totals: dict[Any, int], mill: MillState) -> str:
    return written(
        {
            "form": FORM,
            "inbox": [seen_fields(one) for one in found.seen],
            "files": [asdict(row) for row in found.rows],
            "after": found.after,
            "totals": {state.value: number for state, number in totals.items()},
            "paused": mill.paused is not None,
        }
    )


def seen_fields(one: Seen) -> dict[str, Any]:
    """Say a file of the inbox in the words of a file of the catalog."""
    return {
        "name": one.name,
        "path": one.path,
        "state": one.fate,
        "reason": one.reason,
        "size": one.size,
        "mtime_ns": one.mtime_ns,
    }

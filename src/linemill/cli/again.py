"""What `retry`, `reprocess` and `redrive` have in common: a wish is left, and done at once where no mill does it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from linemill.cli.asking import Place, history_of, who
from linemill.cli.documents import FORM, written
from linemill.cli.exits import Exit
from linemill.cli.opening import opened
from linemill.cli.paper import Paper
from linemill.cli.stopping import stop_on_signals
from linemill.cli.wording import name_of

if TYPE_CHECKING:
    from linemill.catalog.history import History
    from linemill.catalog.rows import FileRow
    from linemill.mill.control import Control
    from linemill.mill.explaining import MillState
    from linemill.mill.report import FileReport
    from linemill.pipeline import Pipeline


def again(place: Place, what: str, wish: Callable[[Control, History, float], Sequence[FileRow]], *, as_json: bool) -> Exit:
    """Leave wishes, and see to it that they are done.

    Args:
        place: The catalog.
        what: The command's name.
        wish: Leaves the wishes, and tells whose they are.
        as_json: Print one JSON object.
    """
    from linemill.catalog import Catalog
    from linemill.mill.control import Control
    from linemill.mill.explaining import mill_state

    now = time.time()
    with history_of(place) as history:
        mill = mill_state(history)
        # A pipeline that is wrong is told before anything is asked for that nobody could do.
        pipeline = opened(place.pipeline) if mill.mill is None else None
        with Catalog.open(place.folder, what) as catalog:
            rows = wish(Control(place.folder, catalog, history, who()), history, now)
    if pipeline is None:
        _tell_wishes(rows, what, mill, as_json=as_json)
        return Exit.DONE
    return _worked(pipeline, place, rows, as_json=as_json)


def _tell_wishes(rows: Sequence[FileRow], what: str, mill: MillState, *, as_json: bool) -> None:
    assert mill.mill is not None
    files = [{"id": row.id, "name": row.name} for row in rows]
    if as_json:
        paused = mill.paused is not None
        print(written({"form": FORM, "asked": what, "files": files, "mill": mill.mill.pid, "paused": paused}))
        return
    paper = Paper()
    for row in rows:
        paper.line(f"{name_of(row.name)} (id {row.id}): the mill has been asked (process {mill.mill.pid})")
    if mill.paused is not None:
        paper.line("the mill is paused: it begins after `linemill resume`", "yellow")
    elif mill.blocked is not None:
        paper.line(f"the mill begins when it can go on: {mill.blocked}", "yellow")
    paper.print()


def _worked(pipeline: Pipeline, place: Place, rows: Sequence[FileRow], *, as_json: bool) -> Exit:
    from linemill.cli.outcome import Outcome
    from linemill.mill import once
    from linemill.mill.report import State

    start_s = time.monotonic()
    reports: tuple[FileReport, ...] = ()
    is_stopped = False
    with stop_on_signals() as stop:
        try:
            reports = tuple(once.work_ready(pipeline, place.base, [row.id for row in rows], stop=stop.asked))
        except KeyboardInterrupt:
            is_stopped = True
    has_failed = any(report.state is State.FAILED for report in reports)
    code = stop.code if is_stopped else Exit.FAILED if has_failed else Exit.DONE
    unfinished = tuple(row.found for row in rows) if is_stopped else ()
    outcome = Outcome(pipeline, reports, unfinished, time.monotonic() - start_s, code)
    if as_json:
        from linemill.cli.document import document

        print(document(outcome))
    else:
        from linemill.cli.summary import show

        show(outcome, to_stderr=False)
    return code

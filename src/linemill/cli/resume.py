"""`linemill resume`: begin files again."""

from __future__ import annotations

import time

from linemill.cli.asking import JsonOption, OutOption, history_of, place_of, who
from linemill.cli.documents import FORM, errors_as_json, written
from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption
from linemill.cli.times import clock
from linemill.cli.wording import visible


def resume(pipeline: PipelineOption = None, out: OutOption = None, as_json: JsonOption = False) -> Exit:
    """Have the mill begin files again after `linemill pause`."""
    from linemill.catalog import Catalog
    from linemill.mill.control import Control

    with errors_as_json(as_json):
        place = place_of(pipeline, out)
        with history_of(place) as history, Catalog.open(place.folder, "resume") as catalog:
            before = Control(place.folder, catalog, history, who()).resume(time.time())
    if as_json:
        print(written({"form": FORM, "paused": False, "was_paused": before is not None}))
    elif before is None:
        print("it was not paused")
    else:
        reason = f": {visible(before.reason)}" if before.reason else ""
        print(f"resumed; {visible(before.who)} had paused it at {clock(before.at)}{reason}")
    return Exit.DONE

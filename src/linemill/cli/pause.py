"""`linemill pause`: begin no file until `linemill resume`."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from linemill.cli.asking import JsonOption, OutOption, place_of, who
from linemill.cli.documents import FORM, errors_as_json, written
from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption


def pause(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="REASON...", help="Why, for others to read.", show_default=False)
    ] = None,
    pipeline: PipelineOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> Exit:
    """Have the mill begin no file until `linemill resume`.

    What it has in hand goes on to its end. A mill that is started later is paused, too.
    """
    from linemill.catalog import Catalog
    from linemill.catalog.history import History
    from linemill.mill.control import Control
    from linemill.mill.explaining import mill_state

    with errors_as_json(as_json):
        place = place_of(pipeline, out)
        with Catalog.open(place.folder, "pause") as catalog:
            history = History.open(place.folder)
            assert history is not None
            with history:
                Control(place.folder, catalog, history, who()).pause(" ".join(words or ()), time.time())
                mill = mill_state(history).mill
    if as_json:
        print(written({"form": FORM, "paused": True, "mill": mill.pid if mill else None}))
    else:
        print(f"paused; process {mill.pid} begins no file" if mill else "paused; no mill runs at the moment")
    return Exit.DONE

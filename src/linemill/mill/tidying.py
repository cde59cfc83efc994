"""Files that lie in `processing/` although nobody works on them: each brought to where it belongs."""

from __future__ import annotations

import os

from linemill.catalog import Catalog
from linemill.catalog.records import FileState
from linemill.errors import LinemillError
from linemill.files.incoming import sweep_incoming
from linemill.files.publishing import move_input
from linemill.mill.arrival import Inbox

ARE_OURS = frozenset({FileState.READY, FileState.WORKING, FileState.COMMITTED})


def tidy(catalog: Catalog, inbox: Inbox, now: float) -> int:
    """Bring each file in `processing/` that is not in hand to where its row says it is; give how many.

    A file of which the catalog knows nothing (the catalog was lost, or somebody put it there) goes back to the inbox. What a
    process that died was still putting into the inbox is removed, and does not count.
    """
    sweep_incoming(inbox.folder)
    moved = 0
    try:
        names = sorted(os.listdir(inbox.processing))
    except OSError:
        return 0
    for name in names:
        path = inbox.processing / name
        if name.startswith(".linemill-"):
            continue
        state, place = catalog.whose(path)
        if state in ARE_OURS:
            continue
        goal = place if state is not None and place is not None and place != path else inbox.folder / name
        try:
            move_input(path, goal)
        except LinemillError as error:
            catalog.event("mill", "not_tidied", str(error), now)
            continue
        catalog.event("mill", "tidied", f"{name}: moved to {goal.parent.name}", now)
        moved += 1
    return moved

"""Looks after the workers, and says in the catalog which nodes stand still, until it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from linemill.catalog import Catalog
from linemill.executors.task import Task
from linemill.mill.explaining import STALLED
from linemill.mill.turns import Works

STANDS_S = 5.0
"""A worker that has been in one node with one block for longer stands still: a block is some hundred lines, or a thousand. It may
only be slow; what hangs is ended later, if the pipeline says when."""


class Standstill:
    """Says which nodes stand still, and with which files; writes only when that changes.

    Args:
        catalog: Where it is said.
        file_of: Tells the file that a task belongs to; None if the task has ended.
        now: Seconds since 1970.
    """

    def __init__(self, catalog: Catalog, file_of: Callable[[Task], int | None], now: float) -> None:
        self._catalog = catalog
        self._file_of = file_of
        self._since: dict[tuple[int, str], float] = {}
        catalog.set_control(STALLED, None, now)  # what a mill that was killed has left

    def look(self, every: Sequence[Works], now: float) -> None:
        """Look after the workers of all versions; called a few times a second while any of them has something in hand."""
        since: dict[tuple[int, str], float] = {}
        for works in every:
            works.executor.look()
            for one in works.executor.standing(STANDS_S):
                file_id = self._file_of(one.task)
                if file_id is not None:
                    key = file_id, one.node
                    since[key] = self._since.get(key, min(now - one.for_s, since.get(key, now)))
        if since != self._since:
            said = [{"file_id": file_id, "node": node, "since": at} for (file_id, node), at in sorted(since.items())]
            self._catalog.set_control(STALLED, said or None, now)
            self._since = since

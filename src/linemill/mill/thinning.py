"""The history is thinned, a little at a time: no file is to wait for it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from linemill.catalog import Catalog
from linemill.mill.telling import Logger
from linemill.pipeline import HistorySettings

THIN_S = 3600.0
"""How often."""

AT_ONCE_S = 0.05
"""After so long it goes on at the next look; a step of it takes up to 0.2 s."""


class Thinner:
    """Removes what is old or too much from a catalog.

    Args:
        catalog: The catalog.
        log: Told how many files were removed.
    """

    def __init__(self, catalog: Catalog, log: Logger) -> None:
        self._catalog = catalog
        self._log = log
        self._next_at = 0.0
        self._steps: Iterator[int] = iter(())
        self._removed = 0

    def look(self, now: float, history: HistorySettings, inbox: Path) -> None:
        """Begin, if it is time, and go on for a moment.

        Args:
            now: Seconds since 1970.
            history: What is remembered.
            inbox: A file that lies in it is remembered in any case.

        Raises:
            WorldError: The catalog cannot be written; it begins anew next time.
        """
        if now >= self._next_at:
            self._next_at = now + THIN_S
            self._steps = self._catalog.thin(
                now, age_s=history.age_s, most=history.files, keeps=lambda path: path.parent == inbox and os.path.lexists(path)
            )
        until = time.monotonic() + AT_ONCE_S
        for removed in self._steps:
            self._removed += removed
            if time.monotonic() > until:
                return
        if self._removed:
            self._log.info("history_thinned", files=self._removed)
            self._removed = 0

"""How many files a mill has before it, in the inbox and in hand: told to the catalog now and then, while it changes."""

from __future__ import annotations

from linemill.catalog import Catalog

NOTE_S = 5.0
"""How often it is told, at most, in seconds: for a picture over time, not for deciding anything."""


class Backlog:
    """Remembers how many files there were at most, and tells.

    Args:
        catalog: What is told.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._said: tuple[int, int] | None = None
        self._in_inbox = 0
        self._most = 0
        self._next_at = 0.0

    def saw(self, in_inbox: int, in_hand: int) -> None:
        """Take what a look through the inbox has found; what is being claimed is in hand."""
        self._in_inbox = in_inbox
        self._most = max(self._most, in_inbox + in_hand)

    def tell(self, in_hand: int, now: float) -> None:
        """Tell the catalog, if it does not know it yet and has not just been told."""
        files = self._in_inbox + in_hand
        self._most = max(self._most, files)
        if now >= self._next_at and (self._in_inbox, self._most) != self._said:
            self._catalog.note_backlog(self._in_inbox, self._most, now)
            self._said, self._most = (self._in_inbox, files), files
            self._next_at = now + NOTE_S

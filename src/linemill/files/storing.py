"""Files on the disk while they still grow, so that whoever syncs them at the end waits for little."""

from __future__ import annotations

import threading
from collections.abc import Callable

STORE_BYTES = 64 * 2**20
"""How much is put together before it is stored. A disk with a memory of its own writes down what it was given when it is told
to, and 1 GB at the end took 1.2 s of 11 on one. 16 MiB came out the same, 200 MiB 1 % worse."""


class Storing:
    """Stores some files behind the back of whoever makes them. A sync waits for the disk, not for the processor.

    Used from one thread; the syncs run in another one.

    Args:
        sync: Makes durable all that was written before it was called.
        stored: Bytes that are durable from the start.

    Attributes:
        stored: Bytes that are durable, of those that were told.
    """

    def __init__(self, sync: Callable[[], None], stored: int = 0) -> None:
        self.stored = stored
        self._sync = sync
        self._written = stored
        self._begun = stored
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def written(self, total: int) -> None:
        """Tell how many bytes are written by now; they are stored if they have become many."""
        self._written = total
        if total - self._begun >= STORE_BYTES:
            self.begin()

    def begin(self) -> None:
        """Begin to store what was written, unless that is being done already."""
        if self._begun == self._written or (self._thread is not None and self._thread.is_alive()):
            return
        thread = threading.Thread(target=self._store, args=(self._written,), name="linemill-storing", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system has no room for one: all is stored at the end
            return
        self._thread, self._begun = thread, self._written

    def check(self) -> None:
        """Raise what the last sync came to, if it was not stored: the kernel tells that only once."""
        if self._error is not None:
            raise self._error

    def finish(self) -> None:
        """Store the rest, and wait for it. Raises what `sync` raises, now or earlier."""
        if self._thread is not None:
            self._thread.join()
        self.check()
        self._sync()
        self.stored = self._begun = self._written

    def _store(self, total: int) -> None:
        try:
            self._sync()
        except BaseException as error:  # told to whoever makes the files
            self._error = error
        else:
            self.stored = total

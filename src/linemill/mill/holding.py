"""Why no file is claimed for now: too little room, or something that could not be written. Over when it is over."""

from __future__ import annotations

from linemill.catalog import Catalog
from linemill.mill.telling import Logger

FIRST_S = 1.0
LONGEST_S = 30.0
"""Waits after a trouble, each twice as long as the last."""


class Hold:
    """Holds the mill up after a trouble that is not a file's, longer each time, and says so in the catalog and the log.

    While a trouble lasts, one file at a time is tried when the wait is over; the first that succeeds ends it.

    Attributes:
        until: Nothing is claimed before.
    """

    def __init__(self, catalog: Catalog, log: Logger, now: float) -> None:
        self._catalog = catalog
        self._log = log
        self._wait_s = FIRST_S
        self._trouble: str | None = None
        self._said: str | None = None
        self.until = 0.0
        catalog.set_control("blocked", None, now)

    @property
    def is_trying(self) -> bool:
        """Whether a trouble may still last: no more than one file is to be tried."""
        return self._trouble is not None

    def trouble(self, reason: str, now: float, until: float | None = None) -> None:
        """Wait after a trouble, until then, or longer than the last time."""
        self._trouble = reason
        if until is None:
            until = now + self._wait_s
            self._wait_s = min(2 * self._wait_s, LONGEST_S)
        self.until = max(self.until, until)
        self._say(reason, now)

    def over(self, now: float) -> None:
        """Something was written: whatever the trouble was, it is over."""
        self._trouble = None
        self._wait_s = FIRST_S
        self.until = 0.0
        self._say(None, now)

    def may_claim(self, lack: str | None, now: float) -> bool:
        """Tell whether files may be claimed, if there is so little room."""
        if now < self.until:
            return False
        self._say(lack or self._trouble, now)
        return lack is None

    def _say(self, reason: str | None, now: float) -> None:
        if reason == self._said:
            return
        self._said = reason
        self._catalog.set_control("blocked", None if reason is None else {"reason": reason, "since": now}, now)
        if reason is None:
            self._log.info("mill_unblocked")
        else:
            self._log.warning("mill_blocked", reason=reason)

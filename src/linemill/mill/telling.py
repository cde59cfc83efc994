"""What the mill tells its log of the files that went through it."""

from __future__ import annotations

import time
from typing import Any, Protocol

from linemill.catalog.records import Claim, Failed
from linemill.mill.report import FileReport, State

LOGGED_EACH = 10
"""Files that are done at once and are logged one by one."""


class Logger(Protocol):
    """What the mill tells its log."""

    def info(self, event: str, **values: Any) -> Any:
        """Tell what is as it should be."""

    def warning(self, event: str, **values: Any) -> Any:
        """Tell what somebody may want to know."""

    def error(self, event: str, **values: Any) -> Any:
        """Tell what somebody should mend."""


class Telling:
    """Gathers what became of files, and logs it.

    Args:
        log: Where it is told.
    """

    def __init__(self, log: Logger) -> None:
        self._log = log
        self._done: list[tuple[Claim, FileReport]] = []

    def report(self, claim: Claim, report: FileReport) -> None:
        """Take what became of a file; told by the next `tell`."""
        if report.state is State.DONE:
            self._done.append((claim, report))

    def tell(self) -> None:
        """Log the files that are done: each, or, where they come by the hundred, how many; the catalog has each."""
        done, self._done = self._done, []
        if len(done) > LOGGED_EACH:
            lines = sum(report.ledger.lines for _, report in done)
            dead = sum(report.ledger.dead for _, report in done)
            self._log.info("files_done", files=len(done), lines=lines, dead=dead)
            return
        for claim, report in done:
            counts, seconds = report.ledger, round(report.seconds, 3)
            self._log.info(
                "file_done", file=claim.name, attempt=claim.attempt_id, lines=counts.lines, dead=counts.dead, seconds=seconds
            )

    def failed(self, failed: Failed) -> None:
        """Log an attempt that failed."""
        self._log.warning(
            "file_failed",
            file=failed.claim.name,
            attempt=failed.claim.attempt_id,
            code=failed.code,
            reason=failed.reason,
            next_try_s=None if failed.next_try_at is None else round(failed.next_try_at - time.time(), 1),
        )

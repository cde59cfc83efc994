"""The progress bar of `linemill run`: on a terminal only, and only for runs that take long enough to wonder."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import rich.progress

    from linemill.mill.once import Progress

QUIET_S = 0.4
"""Seconds before a bar appears: shorter runs are over before it could be read, and loading Rich would be felt."""


class Bar:
    """A bar on standard error with share, bytes, rate and time left; it is gone when the run is over.

    It is drawn only when `show` is called: without a thread of its own, nothing is drawn once the run is over.
    """

    def __init__(self) -> None:
        self._start_s = time.monotonic()
        self._bar: rich.progress.Progress | None = None
        self._task: rich.progress.TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, progress: Progress) -> None:
        """Draw how far the run is; `linemill.mill.once.run` calls this a few times a second."""
        if self._bar is None:
            if time.monotonic() - self._start_s < QUIET_S:
                return
            self._bar = _made()
            self._task = self._bar.add_task("", total=progress.total_bytes, completed=progress.done_bytes)
            self._bar.start()
        assert self._task is not None
        files = f"{progress.done_files:,} of {progress.total_files:,} files" if progress.total_files > 1 else ""
        self._bar.update(self._task, completed=progress.done_bytes, total=progress.total_bytes, description=files)
        self._bar.refresh()


def wanted(*, data_on_stdout: bool) -> bool:
    """Tell whether somebody watches: standard error is a terminal that does not also get the lines themselves."""
    return sys.stderr.isatty() and not (data_on_stdout and sys.stdout.isatty())


def _made() -> rich.progress.Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True, highlight=False, markup=False),
        auto_refresh=False,
        transient=True,
        # What processors print goes where it always went, and lines for standard output are never touched.
        redirect_stdout=False,
        redirect_stderr=False,
    )

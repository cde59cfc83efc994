"""The watchdog of a process whose main thread runs the engine: an interval timer that looks whether anything moves."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from linemill.engine import LineTimeout, NoWatch, Watch

LOOKS = 8
"""Looks in one timeout: a processor is interrupted after 1 to 1 + 1/8 times the timeout."""


class Watchdog:
    """Raises `LineTimeout` in the main thread, by `SIGALRM`. Costs two system calls a block, and nothing a line."""

    @contextmanager
    def over(self, progress: Callable[[], int], timeout_s: float) -> Iterator[None]:
        """See `Watch.over`."""
        seen, still, is_over = progress(), 0, False

        def look(number: int, frame: FrameType | None) -> None:
            nonlocal seen, still
            now = progress()
            still = still + 1 if now == seen else 0
            seen = now
            if still > LOOKS and not is_over:
                still = 0
                raise LineTimeout(timeout_s)

        before = signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, timeout_s / LOOKS, timeout_s / LOOKS)
        try:
            try:
                yield
            finally:
                is_over = True  # what is raised from here on would leave the timer running
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before if callable(before) else _come_late)


def _come_late(number: int, frame: FrameType | None) -> None:
    """Take a signal that was under way, by another thread, when the timer was stopped: unhandled, it would end the process."""


def watch_here() -> Watch:
    """Give the watchdog, where this thread can have one: signals go to the main thread only."""
    is_main = threading.current_thread() is threading.main_thread()
    return Watchdog() if is_main and hasattr(signal, "setitimer") else NoWatch()

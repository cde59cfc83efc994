"""The watchdog's contract: what interrupts a processor that stays on one line for too long."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class LineTimeout(BaseException):
    """Raised inside a processor that stayed on one line for too long.

    Not an `Exception`, so that `except Exception` in user code does not swallow it.
    """

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"stayed on the line for longer than {limit_s:g} s (line_timeout)")


class Watch(Protocol):
    """Interrupts what does not move. One at a time, in the thread that runs the engine."""

    def over(self, progress: Callable[[], int], timeout_s: float) -> AbstractContextManager[None]:
        """Watch the body of a `with`: raise `LineTimeout` in it when `progress()` stays the same for `timeout_s`.

        Entered once a block, never once a line. `progress` is called from a signal handler: it must be quick, and must
        not change anything.
        """
        ...


class NoWatch:
    """Watches nothing: for pipelines without `line_timeout`, and where signals are not to be had."""

    def over(self, progress: Callable[[], int], timeout_s: float) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()

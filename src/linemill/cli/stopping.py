"""Ctrl-C and SIGTERM while files are worked: ask to stop, and only on a second time break in."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from linemill.cli.exits import Exit


@dataclass(slots=True)
class Stop:
    """Whether somebody asked to stop.

    Attributes:
        asked: Set by the first signal; who works looks at it where stopping leaves nothing half-done.
        code: The exit code that the signal stands for.
    """

    asked: threading.Event = field(default_factory=threading.Event)
    code: Exit = Exit.STOPPED


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Watch for SIGINT and SIGTERM, and put things back as they were afterwards.

    The first signal sets `asked`. A second one raises `KeyboardInterrupt` wherever the program is: a processor may hang.
    A signal that the program was started to ignore (SIGINT of a job in the background) stays ignored.
    """
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.asked.is_set():
            raise KeyboardInterrupt
        stop.code = Exit.TERMINATED if number == signal.SIGTERM else Exit.STOPPED
        stop.asked.set()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    watched = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in watched:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number in watched:
            signal.signal(number, before[number])

"""Ctrl-C and SIGTERM while files are worked: ask to stop, and break in if that is not heard."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from linemill.cli.exits import Exit

GRACE_S = 1.0
"""Seconds for the work to stop by itself between two blocks. After that it hangs in a processor or waits for a pipe."""


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

    The first signal sets `asked`. A second one, or `GRACE_S` without an end, raises `KeyboardInterrupt` wherever the
    program is. A signal that the program was started to ignore (SIGINT of a job in the background) stays ignored.
    """
    stop = Stop()
    main_thread = threading.get_ident()
    grace: list[threading.Timer] = []

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.asked.is_set():
            raise KeyboardInterrupt
        stop.code = Exit.TERMINATED if number == signal.SIGTERM else Exit.STOPPED
        stop.asked.set()
        # A thread, since processors' own time limits use the interval timer; the signal again, since it also wakes a read.
        timer = threading.Timer(GRACE_S, signal.pthread_kill, (main_thread, number))
        timer.daemon = True
        grace.append(timer)
        timer.start()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    watched = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in watched:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number in watched:
            signal.signal(number, signal.SIG_IGN)  # the work has ended: a signal on its way must not break in any more
        for timer in grace:
            timer.cancel()
            timer.join()
        for number in watched:
            signal.signal(number, before[number])

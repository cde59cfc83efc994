"""The watchdog: it interrupts what does not move, in the main thread, and leaves no trace."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from linemill.engine import LineTimeout, NoWatch
from linemill.executors.watchdog import LOOKS, Watchdog, watch_here


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the watchdog look so many times, in place of its timer."""
    monkeypatch.setattr(signal, "setitimer", lambda *arguments: None)

    def apply(times: int) -> None:
        for _ in range(times):
            signal.raise_signal(signal.SIGALRM)

    return apply


@pytest.fixture
def keep_handler() -> Iterator[None]:
    """Put back whatever handles the signal."""
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.signal(signal.SIGALRM, before)


def test_what_stands_still_for_the_whole_time_is_interrupted(look):
    with Watchdog().over(lambda: 7, 2.5):
        look(LOOKS)
        with pytest.raises(LineTimeout, match=r"longer than 2.5 s \(line_timeout\)"):
            look(1)


def test_what_moves_however_slowly_is_not_interrupted(look):
    lines = 0
    with Watchdog().over(lambda: lines, 1):
        for lines in range(1, 20):  # noqa: B007  the watchdog reads it
            look(LOOKS)


def test_after_an_interruption_the_time_begins_anew(look):
    with Watchdog().over(lambda: 7, 1):
        for _ in range(2):
            look(LOOKS)
            with pytest.raises(LineTimeout):
                look(1)


def test_what_has_ended_in_time_is_not_interrupted_while_the_timer_is_stopped(look, monkeypatch):
    def set_timer(timer: int, seconds: float, interval: float = 0) -> None:
        if seconds == 0:
            look(LOOKS + 1)

    monkeypatch.setattr(signal, "setitimer", set_timer)
    with Watchdog().over(lambda: 7, 1):
        pass


def test_a_signal_that_comes_late_does_nothing(keep_handler):
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with Watchdog().over(lambda: 7, 1):
        pass
    signal.raise_signal(signal.SIGALRM)  # by default, it would end this process


def test_the_timer_and_its_handler_are_put_back_also_after_an_error(keep_handler):
    def before(number: int, frame: object) -> None:
        """The handler of somebody else."""

    signal.signal(signal.SIGALRM, before)
    intervals = []

    def watched() -> None:
        with Watchdog().over(lambda: 0, 10):
            intervals.append(signal.getitimer(signal.ITIMER_REAL)[1])
            raise ValueError

    with pytest.raises(ValueError):
        watched()
    assert intervals == [pytest.approx(10 / LOOKS)]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_only_the_main_thread_can_have_one():
    found = []
    thread = threading.Thread(target=lambda: found.append(watch_here()))
    thread.start()
    thread.join()
    assert isinstance(found[0], NoWatch)
    assert isinstance(watch_here(), Watchdog)

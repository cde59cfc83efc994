from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from linemill.files.inotify import Inotify, News
from linemill.mill import wakes as module
from linemill.mill.wakes import Wakes

pytestmark = pytest.mark.slow

LONG_S = 30.0


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


@pytest.fixture
def make_wakes() -> Iterator[Callable[..., Wakes]]:
    made: list[Wakes] = []

    def apply(*paths: Path) -> Wakes:
        made.append(Wakes(paths))
        return made[-1]

    yield apply
    for wakes in made:
        wakes.close()


@pytest.fixture(params=["told", "looked"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a kernel that tells, and on a system where the watcher must look itself."""
    if request.param == "looked":
        _without_inotify(monkeypatch)


def _without_inotify(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError(24, os.strerror(24))

    monkeypatch.setattr(module, "Inotify", refuse)


@pytest.mark.usefixtures("either_way")
def test_a_file_that_is_made_or_renamed_into_the_inbox_wakes(make_wakes, inbox, tmp_path):
    (tmp_path / "b").write_bytes(b"b\n")
    wakes = make_wakes(inbox)
    (inbox / "a").touch()
    assert wakes.wait(LONG_S) == {"inbox"}
    (tmp_path / "b").rename(inbox / "b")
    assert wakes.wait(LONG_S) == {"inbox"}


def test_the_writer_that_closes_a_file_wakes(make_wakes, inbox):
    with open(inbox / "a", "wb"):
        wakes = make_wakes(inbox)
        assert wakes.wait(0) == set()
    assert wakes.wait(LONG_S) == {"inbox"}


def test_a_file_that_becomes_readable_wakes(make_wakes, inbox):
    (inbox / "a").touch(mode=0o000)
    wakes = make_wakes(inbox)
    (inbox / "a").chmod(0o600)
    assert wakes.wait(LONG_S) == {"inbox"}


@pytest.mark.usefixtures("either_way")
def test_a_file_that_commands_touch_wakes_whether_or_not_it_was_there(make_wakes, inbox, tmp_path):
    wakes = make_wakes(inbox, tmp_path / "wake")
    for _ in range(3):
        (tmp_path / "wake").touch()
        assert wakes.wait(LONG_S) == {"wake"}


def test_what_leaves_the_inbox_does_not_wake(make_wakes, inbox, tmp_path):
    (inbox / "a").touch()
    (inbox / "b").touch()
    (tmp_path / "wake").touch()
    wakes = make_wakes(inbox, tmp_path / "wake")
    (tmp_path / "wake").touch()
    assert wakes.wait(LONG_S) == {"wake"}
    (inbox / "a").rename(tmp_path / "a")
    (inbox / "b").unlink()
    (tmp_path / "wake").touch()
    assert wakes.wait(LONG_S) == {"wake"}


@pytest.mark.usefixtures("either_way")
def test_an_inbox_that_is_removed_and_made_again_is_watched_again(make_wakes, inbox):
    wakes = make_wakes(inbox)
    inbox.rmdir()
    assert wakes.wait(LONG_S) == {"inbox"}
    inbox.mkdir()
    assert wakes.wait(LONG_S) == {"inbox"}
    (inbox / "a").touch()
    assert wakes.wait(LONG_S) == {"inbox"}


def test_an_inbox_that_is_moved_away_is_no_longer_the_inbox(make_wakes, inbox, tmp_path):
    (tmp_path / "wake").touch()
    wakes = make_wakes(inbox, tmp_path / "wake")
    inbox.rename(tmp_path / "old")
    assert wakes.wait(LONG_S) == {"inbox"}
    (tmp_path / "old" / "a").touch()
    (tmp_path / "wake").touch()
    assert wakes.wait(LONG_S) == {"wake"}
    inbox.mkdir()
    assert wakes.wait(LONG_S) == {"inbox"}


def test_what_happens_on_a_file_system_of_others_is_looked_for(make_wakes, inbox, monkeypatch):
    monkeypatch.setattr(module, "is_remote", lambda device: True)
    monkeypatch.setattr(Inotify, "watch", lambda self, path: pytest.fail("watched"))
    wakes = make_wakes(inbox)
    (inbox / "a").touch()
    assert wakes.wait(LONG_S) == {"inbox"}


def test_where_there_are_no_more_watches_the_watcher_looks_itself(make_wakes, inbox, monkeypatch):
    def refuse(self: Inotify, path: Path) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Inotify, "watch", refuse)
    wakes = make_wakes(inbox)
    (inbox / "a").touch()
    assert wakes.wait(LONG_S) == {"inbox"}


def test_too_many_events_to_be_told_are_news_of_everything(make_wakes, inbox, tmp_path, monkeypatch):
    (tmp_path / "wake").touch()
    read = Inotify.read

    def overflow(self: Inotify) -> News:
        read(self)
        return News(set(), set(), is_all=True)

    monkeypatch.setattr(Inotify, "read", overflow)
    wakes = make_wakes(inbox, tmp_path / "wake")
    (inbox / "a").touch()
    reasons: set[str] = set()
    while reasons != {"inbox", "wake"}:
        told = wakes.wait(LONG_S)
        assert told
        reasons |= told


def test_reasons_are_told_together_and_once(make_wakes, inbox):
    wakes = make_wakes(inbox)
    assert wakes.wait(0) == set()
    wakes.wake("worked")
    wakes.wake("worked")
    wakes.wake("stop")
    assert wakes.wait(LONG_S) == {"worked", "stop"}
    assert wakes.wait(-1) == set()


def test_a_signal_handler_may_wake(make_wakes, inbox):
    wakes = make_wakes(inbox)
    before = signal.signal(signal.SIGUSR1, lambda number, frame: wakes.wake("signal"))
    thread = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR1))
    try:
        thread.start()
        assert wakes.wait(LONG_S) == {"signal"}
    finally:
        thread.join()
        signal.signal(signal.SIGUSR1, before)


def test_an_idle_watcher_sleeps_until_something_happens(make_wakes, inbox, tmp_path, monkeypatch):
    sleeps: list[float | None] = []
    slept = threading.Event()
    real = select.poll

    class Noting:
        def __init__(self) -> None:
            self._poll = real()
            self.register = self._poll.register

        def poll(self, timeout: float | None) -> list[tuple[int, int]]:
            sleeps.append(timeout)
            slept.set()
            return self._poll.poll(timeout)

    monkeypatch.setattr(select, "poll", Noting)
    make_wakes(inbox)
    assert slept.wait(LONG_S)
    assert sleeps == [None]
    slept.clear()
    make_wakes(inbox, tmp_path / "missing")
    assert slept.wait(LONG_S)
    assert sleeps[1] == module.POLL_S * 1000


@pytest.mark.usefixtures("either_way")
def test_nothing_is_left_after_the_close(inbox):
    before = (threading.active_count(), len(os.listdir("/proc/self/fd")))
    Wakes([inbox]).close()
    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before

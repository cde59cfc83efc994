import threading

import pytest

from linemill.files import storing as module
from linemill.files.storing import Storing


class Disk:
    """Stores what it is told to when it may: a sync that a test lets through."""

    def __init__(self):
        self.may = threading.Event()
        self.syncs = 0
        self.error = None

    def sync(self):
        assert self.may.wait(60)
        self.syncs += 1
        if self.error is not None:
            raise self.error


@pytest.fixture
def disk(monkeypatch):
    monkeypatch.setattr(module, "STORE_BYTES", 10)
    return Disk()


@pytest.fixture
def ended():
    """Waits until no sync is under way."""

    def apply():
        for thread in threading.enumerate():
            if thread.name == "linemill-storing":
                thread.join(60)

    return apply


def test_many_bytes_are_stored_while_more_are_written(disk, ended):
    storing = Storing(disk.sync)
    storing.written(9)
    ended()
    assert (disk.syncs, storing.stored) == (0, 0)
    storing.written(10)
    storing.written(25)  # while it is under way
    assert storing.stored == 0
    disk.may.set()
    ended()
    assert (disk.syncs, storing.stored) == (1, 10)
    storing.written(26)
    ended()
    assert (disk.syncs, storing.stored) == (2, 26)


def test_the_rest_is_stored_at_the_end(disk):
    storing = Storing(disk.sync, stored=100)
    storing.written(110)
    storing.written(111)
    disk.may.set()
    storing.finish()
    assert (disk.syncs, storing.stored) == (2, 111)


def test_nothing_new_is_not_stored_again(disk, ended):
    disk.may.set()
    storing = Storing(disk.sync, stored=100)
    storing.begin()
    ended()
    assert disk.syncs == 0


def test_what_a_sync_said_is_not_lost(disk, ended):
    disk.error = OSError(5, "Input/output error")
    disk.may.set()
    storing = Storing(disk.sync)
    storing.written(10)
    ended()
    disk.error = None
    with pytest.raises(OSError, match="Input/output error"):
        storing.check()
    with pytest.raises(OSError, match="Input/output error"):
        storing.finish()
    assert storing.stored == 0


def test_where_there_is_no_room_for_a_thread_all_is_stored_at_the_end(disk, monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    disk.may.set()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        storing = Storing(disk.sync)
        storing.written(10)
        storing.written(30)
    assert (disk.syncs, storing.stored) == (0, 0)
    storing.finish()
    assert (disk.syncs, storing.stored) == (1, 30)

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from linemill.files import inotify
from linemill.files.inotify import Inotify, News
from linemill.files.libc import from_libc


@pytest.fixture
def channel() -> Iterator[Inotify]:
    opened = Inotify()
    yield opened
    opened.close()


def test_nothing_has_happened_until_something_has(channel, tmp_path):
    first, second = channel.watch(tmp_path), channel.watch(Path("/"))
    assert channel.read() == News(set(), set(), is_all=False)
    (tmp_path / ("x" * 255)).touch()
    assert channel.read() == News({first}, set(), is_all=False)
    assert first != second


def test_a_watch_ends_when_its_folder_is_moved_or_removed(channel, tmp_path):
    for name in ("moved", "removed"):
        (tmp_path / name).mkdir()
    moved, removed = channel.watch(tmp_path / "moved"), channel.watch(tmp_path / "removed")
    (tmp_path / "moved").rename(tmp_path / "elsewhere")
    (tmp_path / "removed").rmdir()
    assert channel.read().ended == {moved, removed}
    (tmp_path / "elsewhere" / "a").touch()
    assert channel.read().happened == set()


def test_what_is_not_there_cannot_be_watched(channel, tmp_path):
    with pytest.raises(FileNotFoundError):
        channel.watch(tmp_path / "none")


def test_a_system_without_it_says_so(monkeypatch):
    monkeypatch.setattr(inotify, "from_libc", lambda name: None)
    with pytest.raises(OSError, match="no inotify"):
        Inotify()


def test_a_call_that_the_system_does_not_have_is_none_and_one_that_fails_raises():
    assert from_libc("no_such_call") is None
    rename = from_libc("renameat2")
    assert rename is not None
    with pytest.raises(OSError) as caught:
        rename(-1, b"a", -1, b"b", 0)
    assert caught.value.errno == errno.EBADF


def test_an_overflow_in_the_kernel_is_told(channel, tmp_path):
    watch = channel.watch(tmp_path)
    assert channel.read() == News(set(), set(), is_all=False)
    for number in range(int(Path("/proc/sys/fs/inotify/max_queued_events").read_text()) // 2 + 2):
        os.close(os.open(tmp_path / str(number % 2), os.O_WRONLY | os.O_CREAT))
        os.utime(tmp_path / str(number % 2))
    told = News(set(), set(), is_all=False)
    while (news := channel.read()) != News(set(), set(), is_all=False):
        told = News(told.happened | news.happened, told.ended | news.ended, told.is_all or news.is_all)
    assert told == News({watch}, set(), is_all=True)

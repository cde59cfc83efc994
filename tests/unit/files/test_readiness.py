from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from linemill.files import readiness
from linemill.files.readiness import Hold, Readiness, Unready, hold, is_remote

WRITER = """
import os, sys
descriptor = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
print("open", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\n")
    return path


@pytest.fixture
def without_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system that other machines write to."""
    monkeypatch.setattr(readiness, "is_remote", lambda device: True)


@pytest.fixture
def writer(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the file open for writing until it gets a line."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        yield process
        process.kill()


def _refusing(number: int) -> Callable[..., None]:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def test_a_file_that_nobody_writes_is_ready_at_once(file):
    assert Readiness(10).ask(file, 0).is_ready


def test_a_file_is_not_ready_while_a_process_has_it_open_for_writing(file, writer):
    answer = Readiness(0).ask(file, 100)
    assert not answer.is_ready
    assert answer.reason == Unready.WRITING
    assert answer.ask_at == 101
    writer.communicate(b"\n")
    assert Readiness(0).ask(file, 0).is_ready


def test_a_file_that_is_only_read_is_ready(file):
    with open(file, "rb"):
        assert Readiness(10).ask(file, 0).is_ready


def test_a_writer_that_comes_during_a_hold_is_noticed_and_goes_on_after_it(file):
    held = hold(file)
    assert isinstance(held, Hold)
    assert held.has_lease
    assert held.is_undisturbed()
    with pytest.raises(BlockingIOError):
        os.open(file, os.O_WRONLY | os.O_NONBLOCK)
    assert not held.is_undisturbed()
    wrote = threading.Event()

    def write() -> None:
        with open(file, "ab") as writer:
            writer.write(b"b\n")
        wrote.set()

    thread = threading.Thread(target=write)
    thread.start()
    held.close()
    assert wrote.wait(10)
    thread.join()
    assert file.read_bytes() == b"a\nb\n"


def test_the_end_of_a_lease_does_not_end_the_process(file):
    assert signal.getsignal(signal.SIGIO) == signal.SIG_DFL
    with hold(file) as held:  # type: ignore[union-attr]
        with pytest.raises(BlockingIOError):
            os.open(file, os.O_WRONLY | os.O_NONBLOCK)
        assert not held.is_undisturbed()


def test_a_hold_leaves_no_lease_behind_even_if_a_child_has_the_file_open(file):
    held = hold(file)
    assert isinstance(held, Hold)
    copy = os.dup(held._descriptor)
    held.close()
    os.close(os.open(file, os.O_WRONLY | os.O_NONBLOCK))
    os.close(copy)


def test_no_descriptors_are_lost(file, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(file)
    os.mkfifo(tmp_path / "pipe")
    before = os.listdir("/proc/self/fd")
    ready = Readiness(1)
    for name in ("a.txt", "link", "pipe", "none", "."):
        ready.ask(tmp_path / name, 0)
    with open(file, "ab"):
        ready.ask(file, 0)
    monkeypatch.setattr(readiness, "_leased", _refusing(errno.EIO))
    with pytest.raises(OSError):
        ready.ask(file, 0)
    assert os.listdir("/proc/self/fd") == before


def test_what_is_no_file_is_never_ready_and_never_waited_for(tmp_path, file):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(file)
    assert Readiness(0).ask(tmp_path / "pipe", 0).reason == Unready.NO_FILE
    assert Readiness(0).ask(tmp_path, 0).reason == Unready.NO_FILE
    assert Readiness(0).ask(tmp_path / "link", 0).reason.startswith(Unready.UNREADABLE)
    gone = Readiness(0).ask(tmp_path / "none", 0)
    assert (gone.reason, gone.ask_at) == (Unready.VANISHED, None)


def test_a_file_that_cannot_be_opened_says_why(file, monkeypatch):
    monkeypatch.setattr(os, "open", _refusing(errno.EACCES))
    answer = Readiness(0).ask(file, 5)
    assert answer.reason == "it cannot be opened: permission denied"
    assert answer.ask_at == 6
    monkeypatch.setattr(os, "open", _refusing(errno.EAGAIN))
    assert Readiness(0).ask(file, 5).reason == Unready.WRITING


@pytest.mark.parametrize("number", [errno.EACCES, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_where_the_kernel_gives_no_lease_files_must_settle(file, monkeypatch, number):
    given = fcntl.fcntl

    def refuse(descriptor: int, command: int, argument: int = 0) -> int:
        if command == fcntl.F_SETLEASE:
            raise OSError(number, os.strerror(number))
        return given(descriptor, command, argument)

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    ready = Readiness(2)
    answer = ready.ask(file, 100)
    assert (answer.is_ready, answer.reason, answer.ask_at) == (False, Unready.SETTLING, 102)
    assert ready.ask(file, 102).is_ready


@pytest.mark.usefixtures("without_leases")
def test_a_change_of_size_time_or_inode_begins_the_wait_anew(file, tmp_path):
    ready = Readiness(2)
    ready.ask(file, 100)
    file.write_bytes(b"longer\n")
    assert ready.ask(file, 101.5).ask_at == 103.5
    os.utime(file, ns=(1, 1))
    assert ready.ask(file, 103.5).ask_at == 105.5
    other = tmp_path / "other"
    other.write_bytes(b"longer\n")
    os.utime(other, ns=(1, 1))
    other.rename(file)
    assert ready.ask(file, 105.5).ask_at == 107.5
    assert ready.ask(file, 107.5).is_ready


@pytest.mark.usefixtures("without_leases")
@pytest.mark.parametrize("mtime_ns", [0, 1, 10**18, 4 * 10**18])
def test_no_time_of_a_file_makes_it_wait_for_ever(file, mtime_ns):
    os.utime(file, ns=(mtime_ns, mtime_ns))
    ready = Readiness(1)
    assert not ready.ask(file, 10**9).is_ready
    assert ready.ask(file, 10**9 + 1).is_ready


@pytest.mark.usefixtures("without_leases")
def test_a_clock_that_is_set_back_only_begins_the_wait_anew(file):
    ready = Readiness(1)
    ready.ask(file, 1_000_000)
    assert ready.ask(file, 500).ask_at == 501
    assert ready.ask(file, 501).is_ready


@pytest.mark.usefixtures("without_leases")
def test_a_hold_without_a_lease_notices_a_change(file):
    with hold(file) as held:  # type: ignore[union-attr]
        assert not held.has_lease
        assert held.is_undisturbed()
        file.write_bytes(b"other\n")
        assert not held.is_undisturbed()


def test_who_was_told_that_it_is_complete_asks_for_no_lease(file):
    with open(file, "ab"):
        assert Readiness(10).ask(file, 0, with_lease=False).is_ready


def test_when_a_file_was_first_seen_is_kept_until_it_is_another_or_gone(file, tmp_path):
    ready = Readiness(1)
    path = file.name
    assert ready.notice(path, file.stat(), 10) == 10
    file.write_bytes(b"more\n")
    assert ready.notice(path, file.stat(), 11) == 10
    ready.forget_all_but({path})
    assert ready.notice(path, file.stat(), 12) == 10
    ready.forget_all_but(set())
    assert ready.notice(path, file.stat(), 13) == 13
    other = tmp_path / "other"
    other.touch()
    other.rename(file)
    assert ready.notice(path, file.stat(), 14) == 14


def test_a_hold_tells_whether_a_name_is_its_files(file, tmp_path):
    with hold(file) as held:  # type: ignore[union-attr]
        assert held.is_at(file)
        file.rename(tmp_path / "b.txt")
        file.touch()
        assert held.is_at(tmp_path / "b.txt")
        assert not held.is_at(file)
        assert not held.is_at(tmp_path / "none")


def test_the_file_systems_of_this_machine_are_told_apart(tmp_path, monkeypatch):
    assert is_remote(os.stat("/proc").st_dev) is False
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "36 35 0:51 / /mnt/a\\040b rw master:1 - nfs4 server:/ rw\n"
        "37 35 0:52 / /mnt/s rw - fuse.sshfs host:/ rw\n"
        "38 35 8:1 / / rw - ext4 /dev/sda1 rw\n"
    )
    given = open
    monkeypatch.setattr("builtins.open", lambda path, *rest, **options: given(mounts, *rest, **options))
    is_remote.cache_clear()
    assert [is_remote(os.makedev(*numbers)) for numbers in ((0, 51), (0, 52), (8, 1), (9, 9))] == [True, True, False, False]
    monkeypatch.setattr("builtins.open", _refusing(errno.ENOENT))
    assert is_remote(os.makedev(1, 1)) is False
    is_remote.cache_clear()

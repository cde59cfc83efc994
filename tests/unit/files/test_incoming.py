"""Files on their way: hidden until they are whole, gone if whoever writes them dies, never over another file."""

import fcntl
import os
import signal
import subprocess
import sys

import pytest

from linemill.errors import WorldError
from linemill.files.hidden import is_hidden
from linemill.files.incoming import Incoming, sweep_incoming
from linemill.files.readiness import hold

DIES = """
import os, signal, sys
from pathlib import Path
from linemill.files.incoming import Incoming
incoming = Incoming(Path(sys.argv[1]))
incoming.write([b"half"])
os.kill(os.getpid(), signal.SIGKILL)
"""


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_it_is_hidden_until_it_is_kept(tmp_path):
    incoming = Incoming(tmp_path)
    incoming.write([b"one\n", memoryview(b"xtwo\n")[1:]])
    assert all(map(is_hidden, _names(tmp_path)))
    assert incoming.keep(["a.log"], None) == "a.log"
    assert _names(tmp_path) == ["a.log"]
    assert (tmp_path / "a.log").read_bytes() == b"one\ntwo\n"
    assert incoming.size == 8


def test_the_first_name_that_is_free_is_taken(tmp_path):
    (tmp_path / "a").write_text("other")
    (tmp_path / "b").symlink_to("nowhere")
    assert Incoming(tmp_path).keep(["a", "b", "c"], None) == "c"
    assert (tmp_path / "a").read_text() == "other"


def test_nobody_writes_to_it_any_more_when_it_has_its_name(tmp_path, monkeypatch):
    from linemill.files import incoming as module

    asked = []

    def rename(source, place):
        os.rename(source, place)
        held = hold(place)
        assert not isinstance(held, str), held
        asked.append(held.has_lease)
        held.close()

    monkeypatch.setattr(module, "rename_to_free", rename)
    Incoming(tmp_path).keep(["a"], None)
    assert len(asked) == 1


def test_the_marker_comes_after_the_file(tmp_path):
    Incoming(tmp_path).keep(["a"], ".done")
    assert _names(tmp_path) == ["a", "a.done"]


def test_more_pieces_than_a_system_call_takes_are_written_in_order(tmp_path):
    incoming = Incoming(tmp_path)
    pieces = [b"%d," % number for number in range(3000)]
    incoming.write(pieces)
    incoming.keep(["a"], None)
    assert (tmp_path / "a").read_bytes() == b"".join(pieces)


def test_what_is_discarded_leaves_nothing(tmp_path):
    incoming = Incoming(tmp_path)
    incoming.write([b"x"])
    incoming.discard()
    incoming.discard()
    assert _names(tmp_path) == []


def test_a_discard_after_it_is_kept_changes_nothing(tmp_path):
    incoming = Incoming(tmp_path)
    incoming.keep(["a"], None)
    incoming.discard()
    assert _names(tmp_path) == ["a"]


def test_what_a_dead_process_has_begun_is_swept_and_what_a_living_one_writes_is_not(tmp_path):
    alive = Incoming(tmp_path)
    died = subprocess.run([sys.executable, "-c", DIES, tmp_path], check=False)
    assert died.returncode == -signal.SIGKILL
    (tmp_path / ".linemill-0000abcd-1-0.part").touch()
    (tmp_path / "a.part").touch()
    assert len(_names(tmp_path)) == 4
    assert sweep_incoming(tmp_path) == 1
    alive.write([b"x"])
    alive.keep(["kept"], None)
    assert _names(tmp_path) == [".linemill-0000abcd-1-0.part", "a.part", "kept"]
    assert sweep_incoming(tmp_path / "nowhere") == 0


def test_a_sweep_that_comes_before_the_lock_only_costs_another_try(tmp_path, monkeypatch):
    real = fcntl.flock
    swept: list[int] = []

    def flock(descriptor, how):
        if not swept:
            swept.append(0)
            swept[0] = sweep_incoming(tmp_path)
        real(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    incoming = Incoming(tmp_path)
    monkeypatch.undo()
    assert swept == [1]
    incoming.write([b"x"])
    assert incoming.keep(["a"], None) == "a"
    assert _names(tmp_path) == ["a"]


def test_a_folder_that_is_gone_is_told_in_words(tmp_path):
    with pytest.raises(WorldError, match="the file cannot be stored: no such file or directory"):
        Incoming(tmp_path / "nowhere")


def test_a_full_disk_is_told_by_its_code_and_leaves_nothing(tmp_path, monkeypatch):
    incoming = Incoming(tmp_path)

    def full(descriptor, pieces):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "writev", full)
    with pytest.raises(WorldError) as caught:
        incoming.write([b"x"])
    assert caught.value.code == "disk_full"
    incoming.discard()
    assert _names(tmp_path) == []


def test_a_disk_that_takes_a_part_is_given_the_rest(tmp_path, monkeypatch):
    incoming = Incoming(tmp_path)
    monkeypatch.setattr(os, "writev", lambda descriptor, pieces: os.write(descriptor, pieces[0][:1]))
    incoming.write([b"one", b"two"])
    incoming.keep(["a"], None)
    assert (tmp_path / "a").read_bytes() == b"onetwo"
    assert incoming.size == 6

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from linemill.errors import UsageError, WorldError
from linemill.mill.locking import lock

SOURCE = Path(__file__).resolve().parents[3] / "src"

HOLDER = """
import pathlib, sys
from linemill.mill.locking import lock
with lock(pathlib.Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.readline()
"""


def test_a_second_mill_on_an_inbox_is_refused_and_told_of_the_first(tmp_path):
    with lock(tmp_path):
        with pytest.raises(UsageError, match=f"another mill watches this inbox: process {os.getpid()} on ") as caught:
            lock(tmp_path).__enter__()
        assert caught.value.where == str(tmp_path)
    with lock(tmp_path):
        pass
    assert os.listdir(tmp_path) == []


def test_the_death_of_a_mill_frees_its_inbox(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(UsageError, match=f"process {other.pid} on "):
            lock(tmp_path).__enter__()
        other.kill()
    with lock(tmp_path):
        assert (tmp_path / ".linemill.lock").read_text().startswith(f"{os.getpid()} ")


def test_a_lock_that_its_holder_removed_in_the_meantime_is_made_again(tmp_path, monkeypatch):
    flock = fcntl.flock
    removed: list[int] = []

    def remove_first(descriptor: int, operation: int) -> None:
        if not removed:
            removed.append(1)
            (tmp_path / ".linemill.lock").unlink()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    with lock(tmp_path):
        assert os.listdir(tmp_path) == [".linemill.lock"]


def test_what_is_in_a_foreign_lock_file_is_shown_without_harm(tmp_path):
    with lock(tmp_path):
        (tmp_path / ".linemill.lock").write_bytes(b"\x1b[31m \xff\n")
        with pytest.raises(UsageError) as caught:
            lock(tmp_path).__enter__()
    assert "\x1b" not in str(caught.value)


def test_a_lock_that_cannot_be_made_says_so(tmp_path):
    with pytest.raises(WorldError, match="the inbox cannot be locked"):
        lock(tmp_path / "none").__enter__()

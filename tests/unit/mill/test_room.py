import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from linemill.mill.room import ASK_S, Room

FAR = """\
nodes:
  keep: {use: "steps:keep", to: [all, far]}
outputs:
  all: out/{name}
  far: far/{date}/{name}
"""


@pytest.fixture
def free(monkeypatch):
    """Free bytes by folder; the file systems are as many as there are folders in it."""
    found: dict[str, int] = {}

    def statvfs(path):
        return SimpleNamespace(f_bavail=found[Path(path).name], f_frsize=1)

    real = os.stat

    def stat(path, **options):
        device = sorted(found).index(Path(path).name) if Path(path).name in found else 99
        return SimpleNamespace(st_dev=device, st_mode=real(path, **options).st_mode)

    monkeypatch.setattr(os, "statvfs", statvfs)
    monkeypatch.setattr(os, "stat", stat)
    return found


@pytest.fixture
def make_room(make_pipeline, tmp_path, free):
    """Room where 100 MiB must be free, with the folders that files would be written to."""

    def apply():
        pipeline = make_pipeline(text=FAR)
        for name in free:
            (tmp_path / name).mkdir(exist_ok=True)
        return Room(replace(pipeline, watch=replace(pipeline.watch, min_free=100 * 2**20)), tmp_path)

    return apply


@pytest.mark.parametrize("short", ["out", "far", "dead", ".linemill", "processing"])
def test_too_little_anywhere_that_is_written_to_is_said_with_the_folder(make_room, free, tmp_path, short):
    free.update(dict.fromkeys(["out", "far", "dead", ".linemill", "processing"], 2**30))
    assert make_room().lack(0.0) is None
    free[short] = 100 * 2**20 - 1
    said = make_room().lack(0.0)
    assert said == f"100 MiB are free in {tmp_path}/{short}, less than min_free (100 MiB)"
    free[short] += 1
    assert make_room().lack(0.0) is None


def test_the_systems_are_asked_now_and_then_only(make_room, free):
    free.update(dict.fromkeys(["out", "far", "dead", ".linemill", "processing"], 2**30))
    asked = make_room()
    assert asked.lack(10.0) is None
    free["out"] = 0
    assert asked.lack(10.0 + ASK_S / 2) is None
    assert asked.lack(10.0 + ASK_S) is not None


def test_a_folder_that_is_not_there_yet_counts_as_the_one_that_it_will_be_in(make_pipeline, tmp_path):
    pipeline = make_pipeline(text=FAR)
    most = replace(pipeline, watch=replace(pipeline.watch, min_free=2**60))
    said = Room(most, tmp_path).lack(0.0)
    assert said is not None
    assert f" MiB are free in {tmp_path}, less than min_free" in said

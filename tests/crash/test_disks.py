"""Full disks, folders that cannot be written, folders that are gone: nothing is lost, and the mill goes on by itself."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.crash import workloads
from tests.crash.mills import Mill, blocked, is_idle, states, wait_for
from tests.crash.workloads import Workload, text_of, upper

Start = Callable[..., Mill]
Make = Callable[[Workload], Path]
Mount = Callable[[Path, str], None]

pytestmark = pytest.mark.slow


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mount a small disk on a folder, or change one that is mounted; what is mounted at the end goes."""
    mounted: list[Path] = []

    def apply(folder: Path, options: str) -> None:
        if folder in mounted:
            options = f"remount,{options}"
        else:
            folder.mkdir(parents=True, exist_ok=True)
        said = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
        )
        if said.returncode and folder not in mounted:
            pytest.skip(f"a small disk cannot be mounted here, root can: {said.stderr.strip()}")
        assert said.returncode == 0, said.stderr
        if folder not in mounted:
            mounted.append(folder)

    yield apply
    for folder in reversed(mounted):
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _files(count: int, lines: int) -> Workload:
    inputs = {f"file{number}.log": text_of(f"file{number}", lines) for number in range(count)}
    whole = {f"out/errors/{name}": upper(data, with_beta=True) for name, data in inputs.items()}
    whole |= {f"out/general/{name}": upper(data, with_beta=False) for name, data in inputs.items()}
    # So that the disk is truly full, and not only taken for it.
    return replace(workloads.own(), inputs=inputs, whole=whole, dead={}, settings=workloads.SETTINGS.replace("1MiB", "1B"))


def _fill(ballast: Path) -> None:
    """Fill a disk to the last block."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017  it always comes to this


def _end(folder: Path, workload: Workload, mill: Mill) -> None:
    mill.wait_until_idle(len(workload.inputs))
    mill.stop()
    assert workload.faults(folder) == [], mill.words


def test_a_full_output_disk_holds_the_mill_up_until_there_is_room(make: Make, start: Start, mount: Mount) -> None:
    workload = _files(6, 20_000)  # 450 kB each
    folder = make(workload)
    mount(folder / "out", "size=1m")
    workload.drop(folder)
    mill = start()
    wait_for(lambda: blocked(folder) is not None, "the mill to say that it is blocked", lambda: mill.words)
    assert "failed" not in states(folder)
    mount(folder / "out", "size=64m")
    _end(folder, workload, mill)


def test_a_full_disk_under_the_growing_output_holds_the_mill_up_until_there_is_room(
    make: Make, start: Start, mount: Mount
) -> None:
    workload = replace(workloads.growing(), settings=workloads.SETTINGS.replace("1MiB", "1B"))
    folder = make(workload)
    mount(folder / "out", "size=24k")
    workload.drop(folder)
    mill = start()
    wait_for(lambda: blocked(folder) is not None, "the mill to say that it is blocked", lambda: mill.words)
    assert "failed" not in states(folder)
    mount(folder / "out", "size=64m")
    _end(folder, workload, mill)


def test_a_disk_that_is_full_under_the_catalog_as_well_holds_the_mill_up_until_there_is_room(
    make: Make, start: Start, mount: Mount, tmp_path: Path
) -> None:
    mount(tmp_path / "project", "size=6m")
    workload = _files(4, 20_000)
    folder = make(workload)
    mill = start()
    mill.wait_until_started()
    workload.drop(folder)
    _fill(folder / "ballast")
    wait_for(
        lambda: "No space" in mill.words or "full" in mill.words, "the mill to say that the disk is full", lambda: mill.words
    )
    assert mill.process.poll() is None, mill.words
    mount(tmp_path / "project", "size=64m")
    _end(folder, workload, mill)


@pytest.mark.parametrize("place", ["out/general", "out/errors", "processed", "dead"])
def test_a_folder_that_cannot_be_written_holds_the_mill_up_until_it_can(
    place: str, make: Make, start: Start, mount: Mount
) -> None:
    workload = workloads.own()
    folder = make(workload)
    mount(folder / place, "size=4m")
    mount(folder / place, "ro")
    workload.drop(folder)
    mill = start()
    wait_for(lambda: "ead-only" in mill.words, "the mill to say that it cannot write", lambda: mill.words)
    assert states(folder)["failed"] == 0
    mount(folder / place, "rw")
    _end(folder, workload, mill)


def test_a_folder_of_failed_inputs_that_cannot_be_written_stops_nobody(make: Make, start: Start, mount: Mount) -> None:
    workload = workloads.failing()
    folder = make(workload)
    mount(folder / "failed", "size=4m")
    mount(folder / "failed", "ro")
    workload.drop(folder, ["bad.log"])
    mill = start()
    wait_for(lambda: states(folder)["failed"] == 1, "the file to fail", lambda: mill.words)
    workload.drop(folder, ["good.log"])
    mill.wait_until_idle(2)
    assert (folder / "processing" / "bad.log").read_bytes() == workload.inputs["bad.log"], "the input must not be lost"
    mount(folder / "failed", "rw")
    wait_for((folder / "failed" / "bad.log").exists, "the input to be moved", lambda: mill.words)
    _end(folder, workload, mill)


@pytest.mark.parametrize("place", ["out", "processing", "processed", "inbox"])
def test_a_folder_that_is_removed_is_made_again(place: str, make: Make, start: Start) -> None:
    first, second = workloads.own(), _files(2, 100)
    folder = make(first)
    first.drop(folder)
    mill = start()
    mill.wait_until_idle(len(first.inputs))
    shutil.rmtree(folder / place)
    wait_for(lambda: place != "inbox" or (folder / place).exists(), "the inbox to be made again", lambda: mill.words)
    second.drop(folder)
    mill.wait_until_idle(len(first.inputs) + len(second.inputs))
    mill.stop()
    for name, content in second.whole.items():
        assert (folder / name).read_bytes() == content, mill.words
    assert {name: (folder / "processed" / name).read_bytes() for name in second.inputs} == second.inputs


def test_an_inbox_that_is_removed_and_made_again_by_a_sender_is_watched(make: Make, start: Start) -> None:
    workload = workloads.own()
    folder = make(workload)
    mill = start()
    mill.wait_until_started()
    aside = folder / "aside"
    os.rename(folder / "inbox", aside)
    shutil.rmtree(aside)
    (folder / "inbox").mkdir(exist_ok=True)
    workload.drop(folder)
    _end(folder, workload, mill)


def test_a_file_whose_staged_outputs_are_removed_after_the_commit_is_worked_again(make: Make, start: Start) -> None:
    workload = workloads.growing()
    folder = make(workload)
    workload.drop(folder)
    start("committed").wait_until_killed()
    assert not is_idle(folder, len(workload.inputs))
    shutil.rmtree(folder / "out")
    _end(folder, workload, start())

"""Workers die, by their own hand, by `kill -9`, or together with the mill: no line is lost, and no other file suffers."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.crash import workloads
from tests.crash.mills import Mill, states, wait_for
from tests.crash.workloads import Workload

Start = Callable[..., Mill]
Make = Callable[[Workload], Path]

pytestmark = pytest.mark.slow

KILLER = """

_sort = sort


def sort(line: str):
    # The mark is there from the first time on.
    if {is_fatal}:
        is_first = not os.path.exists("mark")
        open("mark", "a").close()
        if is_first or {always}:
            os.kill(os.getpid(), signal.SIGKILL)
    return _sort(line)
"""

HOLDER = """

_sort = sort


def sort(line: str):
    # Holds the interpreter, so that the worker sees and hears nothing, not even that the mill is dead.
    if line == "one 150 alpha" and not os.path.exists("mark"):
        open("mark", "w").write(str(os.getpid()))
        sum(range(250_000_000))
    return _sort(line)
"""


def _deadly(workload: Workload, is_fatal: str, *, always: bool = False) -> Workload:
    steps = "import os\nimport signal\n" + workloads.STEPS + KILLER.format(is_fatal=is_fatal, always=always)
    return replace(workload, steps=steps)


def _end(folder: Path, workload: Workload, mill: Mill) -> None:
    mill.wait_until_idle(len(workload.inputs))
    mill.stop()
    assert workload.faults(folder) == [], mill.words


@pytest.mark.parametrize(
    ("make_workload", "line"),
    [
        (workloads.own, "one 150 alpha"),
        (workloads.growing, "four 150 alpha"),
        (workloads.many, "small228 2 epsilon"),
        (workloads.large, "large 50000 alpha"),
        (workloads.stream, "two 4000 alpha"),
    ],
)
def test_a_worker_that_dies_on_a_line_the_first_time_loses_nothing(
    make_workload: Callable[[], Workload], line: str, make: Make, start: Start
) -> None:
    workload = _deadly(make_workload(), f"line == {line!r}")
    assert any(line.encode() in data.splitlines() for data in workload.inputs.values())
    folder = make(workload)
    workload.drop(folder)
    mill = start(small_spans=workload.small_spans)
    _end(folder, workload, mill)
    assert (folder / "mark").exists()


def test_a_file_that_kills_its_worker_twice_fails_and_no_other_one_does(make: Make, start: Start) -> None:
    several = workloads.many()
    bad = "small100.log"
    workload = replace(
        _deadly(several, "line.startswith('small100 ')", always=True),
        inputs={**several.inputs, bad: b"small100 kills\n"},
        whole={name: data for name, data in several.whole.items() if not name.endswith(bad)},
        failed=frozenset({bad}),
    )
    folder = make(workload)
    workload.drop(folder)
    _end(folder, workload, start())


def test_workers_that_are_killed_from_outside_are_replaced(make: Make, start: Start) -> None:
    workload = workloads.large()
    folder = make(workload)
    workload.drop(folder)
    mill = start(small_spans=True)
    for _ in range(3):
        wait_for(lambda: bool(mill.workers()), "workers", lambda: mill.words)
        for worker in mill.workers()[:1]:
            os.kill(worker, signal.SIGKILL)
            wait_for(lambda worker=worker: worker not in mill.workers(), "the worker to be gone")  # type: ignore[misc]
    wait_for(lambda: states(folder).keys() <= {"done", "failed"} and states(folder).total() == 2, "the end", lambda: mill.words)
    if states(folder)["failed"]:  # two of the three met one file
        assert (folder / "failed" / "large.log").read_bytes() == workload.inputs["large.log"]
    else:
        _end(folder, workload, mill)


def test_workers_end_when_the_mill_is_killed(make: Make, start: Start) -> None:
    workload = workloads.own()
    folder = make(workload)
    workload.drop(folder)
    mill = start()
    mill.wait_until_idle(len(workload.inputs))
    workers = mill.workers()
    assert workers
    mill.kill()
    wait_for(lambda: not any(map(_is_there, workers)), "the workers to end")


def test_a_worker_that_outlives_the_mill_for_a_while_spoils_nothing(make: Make, start: Start) -> None:
    workload = replace(workloads.growing(), steps="import os\n" + workloads.STEPS + HOLDER)
    folder = make(workload)
    workload.drop(folder)
    mill = start()
    wait_for((folder / "mark").exists, "the worker to reach the line", lambda: mill.words)
    wait_for(lambda: bool((folder / "mark").read_text()), "the mark to be written")
    worker = int((folder / "mark").read_text())
    mill.kill()
    mill = start()
    mill.wait_until_idle(len(workload.inputs))
    wait_for(lambda: not _is_there(worker), "the worker of before to end")
    _end(folder, workload, mill)


def _is_there(process: int) -> bool:
    try:
        # A process that has ended and that nobody has asked about is not there.
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False

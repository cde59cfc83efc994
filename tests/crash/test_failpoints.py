"""The mill dies at a named step, is started again, and in the end everything is as if it had never died."""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from linemill.catalog.history import History
from linemill.mill.verifying import verify
from tests.crash import workloads
from tests.crash.mills import Mill, ask
from tests.crash.workloads import Workload

Start = Callable[..., Mill]
Make = Callable[[Workload], Path]

PUBLISHING = ["worked", "committed", "put.done", "input.moved", "published", "done"]
APPENDING = ["append.begun", "append.half", "append.done"]

ONCE: list[tuple[Callable[[], Workload], Sequence[str]]] = [
    (workloads.own, ["claimed", "moved", "moved:3", "submitted", "submitted:2", *PUBLISHING, "put.done:4", "input.moved:3"]),
    (
        workloads.growing,
        ["claimed", "moved:2", *PUBLISHING, *APPENDING, "append.begun:3", "append.half:2", "append.half:8", "append.done:4"],
    ),
    (workloads.many, ["claimed", "moved:200", "submitted:2", *PUBLISHING, "put.done:301", "input.moved:100"]),
    (workloads.large, ["claimed", "submitted:9", "saved", "saved:2", *PUBLISHING]),
    (workloads.large_growing, ["submitted:9", "saved", "worked", "committed", *APPENDING, "append.half:3", "done"]),
    (workloads.stream, ["moved", "submitted", *PUBLISHING]),
    (workloads.failing, ["failed", "input.moved", "submitted"]),
]

TWICE: list[tuple[Callable[[], Workload], Sequence[str]]] = [
    (workloads.own, ["claimed", "taken_over", "taken_over", "swept", "moved:2", "moved"]),
    (workloads.own, ["worked", "swept", "taken_over", "worked"]),
    (workloads.own, ["committed", "put.done", "put.done:2", "put.done:5", "input.moved", "input.moved:2", "published", "done"]),
    (workloads.growing, ["committed", "taken_over", "append.begun", "append.half", "append.half", "append.done", "published"]),
    (workloads.growing, ["append.half", "swept", "append.half:2", "append.done:3", "append.half:3", "input.moved", "published"]),
    (workloads.growing, ["published", "published", "published", "done"]),
    (workloads.large, ["saved:2", "swept", "saved", "taken_over", "worked", "committed", "put.done"]),
    (workloads.large_growing, ["saved:2", "saved", "append.half", "append.half:2", "swept", "append.begun:2", "published"]),
    (workloads.many, ["moved:100", "committed", "put.done:100", "swept", "put.done:200", "input.moved:150", "published"]),
    (workloads.failing, ["failed", "taken_over", "swept"]),
]


def _names(cases: list[tuple[Callable[[], Workload], Sequence[str]]]) -> list[str]:
    return [f"{make.__name__}-{'-'.join(points)}" for make, points in cases]


def _hold(folder: Path, workload: Workload, mill: Mill) -> None:
    """Let the mill come to its end undisturbed, and hold that all is as it must be."""
    mill.wait_until_idle(len(workload.inputs))
    mill.stop()
    assert workload.faults(folder) == [], mill.words
    history = History.open(folder / ".linemill")
    assert history is not None
    with closing(history):
        assert {row.name: row.state.value for row in history.files(limit=1000).rows} == {
            name: "failed" if name in workload.failed else "done" for name in workload.inputs
        }
        assert verify(history).findings == ()


def _die_at_each(workload: Workload, points: Sequence[str], make: Make, start: Start) -> None:
    folder = make(workload)
    workload.drop(folder)
    for point in points:
        start(point, small_spans=workload.small_spans).wait_until_killed()
    _hold(folder, workload, start(small_spans=workload.small_spans))


@pytest.mark.slow
def test_a_mill_that_dies_while_it_publishes_goes_on_from_there_and_people_see_it(make: Make, start: Start) -> None:
    workload = workloads.growing()
    _die_at_each(workload, ["append.half:2"], make, start)
    folder = make(workload)
    listed = json.loads(ask(folder, "files", "--json").stdout)["files"]
    assert {(row["name"], row["state"]) for row in listed} == {(name, "done") for name in workload.inputs}
    verified = ask(folder, "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


UNDISTURBED = [
    *(workloads.own, workloads.growing, workloads.many, workloads.large, workloads.large_growing),
    *(workloads.stream, workloads.failing),
]


@pytest.mark.slow
@pytest.mark.parametrize("workload", UNDISTURBED)
def test_an_undisturbed_mill_gives_what_is_expected(workload: Callable[[], Workload], make: Make, start: Start) -> None:
    _die_at_each(workload(), [], make, start)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workload", "point"), [pytest.param(make, point, id=f"{make.__name__}-{point}") for make, points in ONCE for point in points]
)
def test_a_mill_that_dies_at_any_step_makes_all_right_at_the_next_start(
    workload: Callable[[], Workload], point: str, make: Make, start: Start
) -> None:
    _die_at_each(workload(), [point], make, start)


@pytest.mark.slow
@pytest.mark.parametrize(("workload", "points"), TWICE, ids=_names(TWICE))
def test_a_mill_that_dies_again_while_it_recovers_makes_all_right_in_the_end(
    workload: Callable[[], Workload], points: Sequence[str], make: Make, start: Start
) -> None:
    _die_at_each(workload(), points, make, start)


@pytest.mark.slow
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_is_deleted_or_replaced_before_it_is_moved_never_was_ours(
    is_replaced: bool, make: Make, start: Start
) -> None:
    workload = workloads.failing()
    folder = make(workload)
    workload.drop(folder, ["good.log"])
    start("claimed").wait_until_killed()
    (folder / "inbox" / "good.log").unlink()
    start("taken_over").wait_until_killed()
    workload.drop(folder, ["good.log", "bad.log"] if is_replaced else ["bad.log"])
    if not is_replaced:
        mill = start()
        mill.wait_until_idle(1)
        workload.drop(folder, ["good.log"])
        mill.wait_until_idle(2)
        mill.kill()
    _hold(folder, workload, start())

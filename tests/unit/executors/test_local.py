"""Workers: what they do, how they are lost, and who is to blame for it."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from concurrent.futures import wait

import pytest

from linemill.executors import local
from linemill.executors.local import LocalExecutor
from linemill.executors.process import WorkerProcess
from linemill.files import spans
from linemill.pipeline import version_of

pytestmark = pytest.mark.slow

MIB = 2**20

STEPS = """\
import ctypes
import mmap
import os
import signal
import sys
import threading

HELD = []

def keep(line: str):
    if line == "exit":
        os._exit(0)
    if line == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if line == "interrupt":
        raise KeyboardInterrupt
    if line == "wait":
        threading.Event().wait()
    if line == "too much":
        return len(bytes(2**40))
    if line == "all its own":  # memory that a limit on data does not count
        HELD.append(mmap.mmap(-1, 2**28, mmap.MAP_SHARED))
        for _ in range(256):
            HELD[-1].write(bytes(2**20))
        threading.Event().wait()
    if line == "pid":
        return str(os.getpid())
    if line == "print":
        print("said to nobody" * 10_000)
    if line == "close":
        os.closerange(3, 100)
    if line == "come back twice":
        return "a copy" if os.fork() == 0 else line
    if line == "raise twice":
        if os.fork() == 0:
            raise SystemExit
    if line.startswith("leave a child: "):
        if (child := os.fork()) == 0:
            signal.alarm(60)
            signal.pause()
        with open(line.removeprefix("leave a child: "), "w") as file:
            file.write(str(child))
        os._exit(0)
    if line == "signals":
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    return line
"""


@pytest.fixture
def start(make_pipeline):
    """Start an executor, one worker unless said otherwise."""
    started = []

    def apply(steps=STEPS, workers=1, digest=None, **limits):
        executor = LocalExecutor(make_pipeline(steps), digest, workers, **limits)
        started.append(executor)
        return executor

    yield apply
    for executor in started:
        executor.close()


@pytest.fixture
def came():
    """Wait until a group is done, looking after the workers; tell lines or the code of each task."""

    def apply(executor, future):
        while not wait([future], timeout=0.02).done:
            executor.look()
        return [
            (one.failure.code if one.failure else one.ledger.lines) if hasattr(one, "ledger") else one.code
            for one in future.result()
        ]

    return apply


def test_a_group_is_done_elsewhere_in_order(start, came, make_task):
    executor = start()
    tasks = [make_task(b"pid\n"), make_task(b"a\nb\n"), make_task(b"pid\n")]
    assert came(executor, executor.submit(tasks)) == [1, 2, 1]
    pids = {int(tasks[index].outputs["all"].read_text()) for index in (0, 2)}
    assert len(pids) == 1
    assert os.getpid() not in pids
    assert executor.reached() == 0


def test_more_groups_than_workers_are_all_done(start, came, make_task):
    executor = start(workers=2)
    futures = [executor.submit([make_task(b"a\n"), make_task(b"b\nc\n")]) for _ in range(12)]
    assert [came(executor, future) for future in futures] == [[1, 2]] * 12


@pytest.mark.parametrize("line", [b"exit", b"kill", b"interrupt"])
def test_a_worker_that_dies_takes_one_task_along_and_its_group_is_undone(start, came, make_task, line):
    executor = start()
    group = [make_task(b"a\n"), make_task(b"a\n" + line), make_task(b"b\n")]
    after = executor.submit([make_task(b"c\n")])  # waits behind it
    assert came(executor, executor.submit(group)) == ["undone", "worker_died", "undone"]
    assert came(executor, after) == [1]


def test_how_it_died_is_told(start, came, make_task):
    executor = start()
    task = make_task(b"kill\n")
    future = executor.submit([task])
    came(executor, future)
    assert str(future.result()[0]) == (
        f"the worker process died (signal 9, Killed) while it worked on the file [{task.path}]; "
        "a processor, or a library that it calls, crashes or ends the process, or memory ran out"
    )
    assert future.result()[0].may_retry


@pytest.mark.slow
def test_every_task_may_kill_its_worker(start, came, make_task):
    executor = start(workers=2)
    futures = [executor.submit([make_task(line), make_task(b"fine\n")]) for line in [b"exit\n", b"kill\n"] * 4]
    assert [came(executor, future) for future in futures] == [["worker_died", "undone"]] * 8


@pytest.fixture
def starts(monkeypatch):
    """Tell of each worker that is started how many had not yet begun; let so many begin at once while there is no work."""

    def apply(at_once):
        began: queue.SimpleQueue[int] = queue.SimpleQueue()
        workers: list[WorkerProcess] = []

        class Noted(WorkerProcess):
            def __init__(self, *arguments):
                began.put(sum(not worker.is_up for worker in workers))
                super().__init__(*arguments)
                workers.append(self)

        monkeypatch.setattr(local, "WorkerProcess", Noted)
        monkeypatch.setattr(local, "STARTS_AT_ONCE", at_once)
        return began

    return apply


def test_while_there_is_no_work_some_workers_wait_until_others_have_begun(start, starts):
    began = starts(at_once=1)
    start(workers=3)
    assert [began.get(timeout=60) for _ in range(3)] == [0, 0, 0]


def test_work_that_waits_has_all_workers_begin_at_once(start, starts, came, make_task, tmp_path):
    began = starts(at_once=1)
    executor = start(
        "import multiprocessing, pathlib, threading\n"
        "while multiprocessing.parent_process() and not pathlib.Path(__file__).with_name('go').exists():\n"
        "    threading.Event().wait(0.01)\n"
        "def keep(line: str) -> str:\n    return line\n",
        workers=3,
    )
    future = executor.submit([make_task()])
    assert [began.get(timeout=60) for _ in range(3)] == [0, 1, 2]
    (tmp_path / "go").touch()
    assert came(executor, future) == [2]


def test_workers_that_die_with_nothing_in_hand_are_replaced(start, came, make_task):
    executor = start(workers=2)
    assert came(executor, executor.submit([make_task()])) == [2]
    for worker in multiprocessing.active_children():
        os.kill(worker.pid or 0, signal.SIGKILL)
    assert came(executor, executor.submit([make_task()])) == [2]


def test_a_worker_that_closes_its_connection_is_replaced(start, came, make_task):
    executor = start()
    assert came(executor, executor.submit([make_task(b"close\n")])) == ["worker_died"]
    assert came(executor, executor.submit([make_task()])) == [2]


@pytest.mark.parametrize("line", ["come back twice", "raise twice"])
def test_a_copy_of_a_worker_that_comes_back_from_a_processor_does_nothing(start, came, make_task, line):
    executor = start()
    tasks = [make_task(f"{line}\n{line}\n".encode())] + [make_task(b"a\n") for _ in range(5)]
    assert [came(executor, executor.submit([task])) for task in tasks] == [[2], *[[1]] * 5]
    assert tasks[0].outputs["all"].read_text() == f"{line}\n{line}\n"


def test_the_death_of_a_worker_is_noticed_though_its_child_lives(start, came, make_task, tmp_path):
    executor = start()
    assert came(executor, executor.submit([make_task(f"leave a child: {tmp_path}/child\n".encode())])) == ["worker_died"]
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)  # it is there
    assert came(executor, executor.submit([make_task()])) == [2]


def test_signals_that_are_meant_for_the_parent_do_not_end_a_worker(start, came, make_task):
    executor = start()
    assert came(executor, executor.submit([make_task(b"signals\na\n")])) == [2]


@pytest.fixture
def asked_until():
    """Ask which workers stand still until the answer is what a test waits for; a test that waits for too long is ended."""

    def apply(executor, longer_than_s, fits):
        while not fits(found := executor.standing(longer_than_s)):
            threading.Event().wait(0.02)
        return found

    return apply


def test_who_stands_still_in_a_node_is_told_with_the_task_and_the_node(start, asked_until, make_task):
    executor = start()
    tasks = [make_task(), make_task(b"a\nwait\n"), make_task()]
    executor.submit(tasks)
    ((task, node, for_s),) = asked_until(executor, 0.1, bool)
    assert (task, node) == (tasks[1], "keep")
    assert for_s > 0.1
    assert executor.standing(3600.0) == []


def test_a_worker_that_has_nothing_in_hand_does_not_stand_still(start, came, make_task):
    executor = start()
    assert came(executor, executor.submit([make_task()])) == [2]
    assert executor.standing(-1.0) == []


def test_a_worker_that_was_lost_does_not_stand_still(start, asked_until, came, make_task):
    executor = start(stall_timeout_s=0.3)
    future = executor.submit([make_task(b"wait\n")])
    asked_until(executor, 0.1, bool)
    assert came(executor, future) == ["stalled"]
    assert executor.standing(-1.0) == []


def test_one_in_which_nothing_moves_is_ended(start, came, make_task):
    executor = start(stall_timeout_s=0.3)
    group = [make_task(b"a\n"), make_task(b"wait\n"), make_task(b"b\n")]
    future = executor.submit(group)
    assert came(executor, future) == ["undone", "stalled", "undone"]
    assert str(future.result()[1]).startswith("nothing moved for 0.3 s, and the worker process was ended [")
    assert str(group[1].path) in str(future.result()[1])
    assert came(executor, executor.submit([make_task()])) == [2]


def test_a_module_that_hangs_while_it_is_loaded_is_ended(start, came, make_task, monkeypatch):
    monkeypatch.setattr(local, "START_S", 0.5)
    executor = start(
        "import multiprocessing, threading\n"
        "if multiprocessing.parent_process(): threading.Event().wait()\n"
        "def keep(line: str) -> str:\n    return line\n",
        stall_timeout_s=0.5,
        workers=2,
    )
    assert came(executor, executor.submit([make_task(), make_task()])) == ["stalled", "undone"]


@pytest.mark.slow
def test_a_module_that_ends_its_worker_fails_what_waits_and_starts_no_worker_in_vain(start, came, make_task):
    executor = start(
        "import multiprocessing, os\n"
        "if multiprocessing.parent_process(): os._exit(7)\n"
        "def keep(line: str) -> str:\n    return line\n",
        workers=2,
    )
    futures = [executor.submit([make_task()]) for _ in range(3)]
    assert [came(executor, future) for future in futures] == [["worker_died"]] * 3
    while multiprocessing.active_children():  # one that was begun before it was clear that it is in vain
        os.sched_yield()


def test_where_no_process_can_be_started_what_waits_fails(start, came, make_task, monkeypatch):
    def refuse(*arguments):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(local, "WorkerProcess", refuse)
    executor = start(workers=2)
    future = executor.submit([make_task()])
    assert came(executor, future) == ["world"]
    assert str(future.result()[0]).startswith("no worker process could be started: Resource temporarily unavailable")


@pytest.mark.skipif("not hasattr(__import__('resource'), 'RLIMIT_DATA')", reason="the system has no such limit")
def test_memory_that_is_refused_fails_the_file_alone_and_the_worker_is_replaced(start, came, make_task):
    executor = start(memory_limit=512 * MIB)
    before = make_task(b"pid\n")
    assert came(executor, executor.submit([before, make_task(b"too much\n"), make_task(b"a\n")])) == [1, "memory", 1]
    after = make_task(b"pid\n")
    assert came(executor, executor.submit([after])) == [1]
    assert before.outputs["all"].read_text() != after.outputs["all"].read_text()


def test_one_that_has_more_memory_than_allowed_is_ended(start, came, make_task):
    executor = start(memory_limit=200 * MIB)
    future = executor.submit([make_task(b"a\n"), make_task(b"all its own\n")])
    assert came(executor, future) == ["undone", "memory"]
    assert "more than the 200 MiB allowed" in str(future.result()[1])


@pytest.mark.parametrize("changed", ["pipeline.yaml", "steps.py"])
def test_what_was_changed_since_it_was_checked_is_not_run_as_if_it_were_the_same(
    make_pipeline, came, make_task, tmp_path, changed
):
    pipeline = make_pipeline()
    digest = version_of(pipeline).digest
    with open(tmp_path / changed, "a") as file:
        file.write("# another\n")
    executor = LocalExecutor(pipeline, digest, 1)
    try:
        assert came(executor, executor.submit([make_task(), make_task()])) == ["pipeline_changed"] * 2
    finally:
        executor.close()


def test_what_was_not_changed_is_run(make_pipeline, came, make_task):
    pipeline = make_pipeline()
    executor = LocalExecutor(pipeline, version_of(pipeline).digest, 1)
    try:
        assert came(executor, executor.submit([make_task()])) == [2]
    finally:
        executor.close()


def test_spans_of_a_file_go_to_their_place(start, came, make_task, tmp_path):
    executor = start(workers=2)
    data = b"".join(b"line %d\n" % number for number in range(1000))
    path = tmp_path / "cut"
    path.write_bytes(data)
    whole = {"all": tmp_path / ".whole"}
    tasks = [make_task(path=path, span=span, whole=whole) for span in spans(len(data), 1000)]
    futures = [executor.submit([task]) for task in tasks]
    for future in futures:
        came(executor, future)
    assert all(future.result()[0].is_placed for future in futures)
    assert (tmp_path / ".whole").read_bytes() == data
    assert not any(task.outputs["all"].exists() for task in tasks)


def test_prints_that_nobody_reads_hold_up_nobody(start, came, make_task, monkeypatch):
    reader, writer = os.pipe()
    before = os.dup(2)
    os.dup2(writer, 2)
    try:
        executor = start()
        assert came(executor, executor.submit([make_task(b"print\n" * 20)])) == [20]
        executor.close()
    finally:
        os.dup2(before, 2)
        for descriptor in (before, writer):
            os.close(descriptor)
    assert os.read(reader, 2**20).startswith(b"said to nobody")
    os.close(reader)


def test_what_has_not_ended_at_the_end_is_undone_and_no_process_is_left(start, came, make_task):
    executor = start()
    futures = [executor.submit([make_task(b"wait\n"), make_task()]), executor.submit([make_task()])]
    executor.close()
    assert [came(executor, future) for future in futures] == [["undone", "undone"], ["undone"]]
    assert multiprocessing.active_children() == []
    assert came(executor, executor.submit([make_task()])) == ["undone"]
    executor.close()


def test_work_that_ends_in_time_is_waited_for(start, came, make_task):
    executor = start()
    future = executor.submit([make_task()])
    executor.close(timeout_s=60)
    assert came(executor, future) == [2]

"""The executor of many workers: processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from ctypes import c_int, c_uint64
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from linemill.errors import WorldError
from linemill.executors.task import Task, Worked
from linemill.executors.work import work
from linemill.files import shown
from linemill.pipeline import Pipeline, load

TASKS_A_WORKER = 2
"""One in hand and one waiting, so that a worker that is done never waits for us."""

LOST_S = 1.0
"""Seconds after which a task is given up whose process is no more: more than the pool needs to notice it, and to hand on a last
report that is still on its way."""


@dataclass(slots=True)
class _InHand:
    """A task that has been submitted and has not ended.

    Attributes:
        task: What to do.
        outcome: What the caller holds.
        is_again: The pool broke once already while it had the task.
        gone_s: Since when its process is no more, by the monotonic clock; 0 while it lives.
    """

    task: Task
    outcome: Future[Worked] = field(default_factory=Future)
    is_again: bool = False
    gone_s: float = 0.0


class LocalExecutor:
    """Runs tasks in worker processes, each with the pipeline loaded anew.

    A worker that dies takes one task with it: that task's future fails with `WorldError` (`worker_died`), a new worker
    takes its place, the other tasks go on.

    Args:
        pipeline: The checked pipeline.
        workers: How many processes.
    """

    def __init__(self, pipeline: Pipeline, workers: int) -> None:
        self.capacity = workers * TASKS_A_WORKER
        self._workers = workers
        self._progress: Any = RawArray(c_uint64, self.capacity)
        self._processes: Any = RawArray(c_int, self.capacity)
        self._arguments = (pipeline.path, pipeline.text, self._progress, self._processes)
        self._free = list(range(self.capacity))
        self._in_hand: dict[int, _InHand] = {}
        self._ending = threading.Lock()
        self._pool = self._started()

    def submit(self, task: Task) -> Future[Worked]:
        """Hand a task to the next free worker. At most `capacity` at a time."""
        self._mend_pool()
        slot = self._free.pop()
        one = self._in_hand[slot] = _InHand(task)
        self._hand_over(slot, one)
        return one.outcome

    def reached(self) -> int:
        """Tell the raw bytes read so far by tasks that have not ended."""
        return sum(self._progress)

    def look(self) -> None:
        """Find tasks that the pool will never end.

        It watches for processes that end badly. It does not see one that ends with code 0 (a processor called `os._exit(0)`),
        nor one that dies before its word that it took the task was heard; and it breaks when a worker without a task dies.
        """
        self._mend_pool()
        now = time.monotonic()
        for slot, one in self._in_hand.copy().items():
            process = self._processes[slot]
            if process == 0 or _is_there(process):
                one.gone_s = 0.0
            elif not one.gone_s:
                one.gone_s = now
            elif now - one.gone_s > LOST_S:
                self._end(slot, one, _died(one.task, None))

    def close(self) -> None:
        """End the workers at once, whatever still runs."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def _started(self) -> ProcessPool:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPool(self._workers, initializer=_begin, initargs=self._arguments, context=context)
        # Ctrl-C goes to all processes of a terminal. Stopping is ours alone: the pool's threads, and so the workers that
        # they start, have it blocked from the first moment.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            pool.active  # noqa: B018  asking starts its threads
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return pool

    def _mend_pool(self) -> None:
        """Replace a pool that broke; what it had in hand is begun anew, once, since only one of these tasks can be to blame."""
        if self._pool.active:
            return
        self._pool.join()
        self._pool = self._started()
        for slot, one in self._in_hand.copy().items():
            if one.is_again:
                self._end(slot, one, _died(one.task, None))
            else:
                one.is_again = True
                self._hand_over(slot, one)

    def _hand_over(self, slot: int, one: _InHand) -> None:
        self._progress[slot] = self._processes[slot] = 0
        self._pool.schedule(_work, args=(one.task, slot)).add_done_callback(partial(self._heard, slot, one))

    def _heard(self, slot: int, one: _InHand, done: Future[Worked]) -> None:
        """Take what the pool says of a task; called in a thread of the pool."""
        error = done.exception()
        if error is None:
            self._end(slot, one, done.result())
        elif isinstance(error, ProcessExpired):
            self._end(slot, one, _died(one.task, error.exitcode))
        elif not isinstance(error, BrokenProcessPool):
            self._end(slot, one, error)

    def _end(self, slot: int, one: _InHand, what: Worked | BaseException) -> None:
        with self._ending:
            if one.outcome.done():
                return
            self._progress[slot] = 0
            del self._in_hand[slot]
            self._free.append(slot)
            if isinstance(what, BaseException):
                one.outcome.set_exception(what)
            else:
                one.outcome.set_result(what)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _ended(code: int | None) -> str:
    if code is None:
        return "died"
    return f"died (exit code {code})" if code >= 0 else f"died (signal {-code}, {signal.strsignal(-code)})"


def _died(task: Task, code: int | None) -> WorldError:
    return WorldError(
        f"the worker process {_ended(code)} while it worked on the file",
        shown(task.path or task.name),
        "a processor, or a library that it calls, crashes or ends the process, or memory ran out",
        code="worker_died",
    )


class _Worker:
    """What a worker process keeps between tasks."""

    path: Path
    text: str
    progress: Any
    processes: Any
    pipeline: Pipeline | None = None


def _begin(path: Path, text: str, progress: Any, processes: Any) -> None:
    """Set a worker process up, before its first task."""
    sys.stdout = sys.stderr  # what processors print must not get between data
    _Worker.path, _Worker.text, _Worker.progress, _Worker.processes = path, text, progress, processes
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _work(task: Task, slot: int) -> Worked:
    _Worker.processes[slot] = os.getpid()
    if _Worker.pipeline is None:
        pipeline = load(_Worker.path)
        if pipeline.text != _Worker.text:
            raise WorldError(
                "the pipeline file was changed while the run began", shown(_Worker.path), "run again", code="pipeline_changed"
            )
        _Worker.pipeline = pipeline

    def reached(count: int) -> None:
        _Worker.progress[slot] = count

    return work(_Worker.pipeline, task, reached)

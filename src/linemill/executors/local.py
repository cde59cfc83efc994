"""The executor of many workers: processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import Future
from ctypes import c_uint64
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
        self._progress: Any = RawArray(c_uint64, self.capacity)
        self._free = list(range(self.capacity))
        context = multiprocessing.get_context("spawn")
        arguments = (pipeline.path, pipeline.text, self._progress)
        self._pool = ProcessPool(workers, initializer=_begin, initargs=arguments, context=context)
        # Ctrl-C goes to all processes of a terminal. Stopping is ours alone: the pool's threads, and so the workers that
        # they start, have it blocked from the first moment.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._pool.active  # noqa: B018  asking starts its threads
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def submit(self, task: Task) -> Future[Worked]:
        """Hand a task to the next free worker. At most `capacity` at a time."""
        slot = self._free.pop()
        self._progress[slot] = 0
        outcome: Future[Worked] = Future()

        def end(done: Future[Worked]) -> None:
            self._progress[slot] = 0
            self._free.append(slot)
            error = done.exception()
            if isinstance(error, ProcessExpired):
                outcome.set_exception(_died(task, error))
            elif error is not None:
                outcome.set_exception(error)
            else:
                outcome.set_result(done.result())

        self._pool.schedule(_work, args=(task, slot)).add_done_callback(end)
        return outcome

    def reached(self) -> int:
        """Tell the raw bytes read so far by tasks that have not ended."""
        return sum(self._progress)

    def close(self, now: bool) -> None:
        """End the workers."""
        if now:
            self._pool.stop()  # type: ignore[no-untyped-call]
        else:
            self._pool.close()  # type: ignore[no-untyped-call]
        self._pool.join()


def _died(task: Task, error: ProcessExpired) -> WorldError:
    code = error.exitcode
    how = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
    return WorldError(
        f"the worker process died ({how}) while it worked on the file",
        shown(task.path or task.name),
        "a processor, or a library that it calls, crashes or ends the process, or memory ran out",
        code="worker_died",
    )


class _Worker:
    """What a worker process keeps between tasks."""

    path: Path
    text: str
    progress: Any
    pipeline: Pipeline | None = None


def _begin(path: Path, text: str, progress: Any) -> None:
    """Set a worker process up, before its first task."""
    sys.stdout = sys.stderr  # what processors print must not get between data
    _Worker.path, _Worker.text, _Worker.progress = path, text, progress
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _work(task: Task, slot: int) -> Worked:
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

"""The executor of many workers: processes on this machine."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from ctypes import c_uint64
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.sharedctypes import RawArray
from typing import Any

from linemill.errors import LinemillError, WorldError
from linemill.executors.contract import Standing
from linemill.executors.places import Chains, Ends
from linemill.executors.process import Group, Reason, WorkerProcess, stalled, too_large
from linemill.executors.task import Task, Worked
from linemill.executors.work import Placed
from linemill.executors.worker import Setup, lost
from linemill.pipeline import Pipeline

GROUPS_A_WORKER = 2
"""One in hand and one waiting here, so that a worker that is done hardly waits."""

STARTS_AT_ONCE = max(1, (os.cpu_count() or 1) - 1)
"""Workers that begin at the same time while there is no work yet: whoever is to hand it out has much to import then, and needs a
core. With two at once on two cores, work began after 0.93 s, for which both had waited for 0.2 s; else after 0.77 s."""

START_S = 30.0
"""What a worker has at least to load the pipeline, also where it may not stand still for so long later."""


class LocalExecutor:
    """Runs groups of tasks in worker processes, each with the pipeline loaded anew, each on a connection of its own.

    A worker that is lost takes one task with it, and no other worker; a new one takes its place. Workers are started by a
    thread, which also hands out the work and hears what came of it.

    Args:
        pipeline: The checked pipeline.
        digest: What it and its sources come to: workers that find something else refuse to work. None not to ask.
        workers: How many processes.
        memory_limit: Most bytes of memory a worker may have; None for any number.
        stall_timeout_s: A worker in which nothing moves for longer is ended; None to wait for ever.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        digest: str | None,
        workers: int,
        memory_limit: int | None = None,
        stall_timeout_s: float | None = None,
    ) -> None:
        outputs = len(pipeline.outputs)
        self.capacity = workers * GROUPS_A_WORKER
        self._count = workers
        self._memory_limit = memory_limit
        self._stall_timeout_s = stall_timeout_s
        self._context = multiprocessing.get_context("spawn")
        self._nodes = [node.name for node in pipeline.nodes]
        self._setup = Setup(pipeline.path, pipeline.text, digest, outputs, memory_limit)
        self._ends: Any = RawArray(c_uint64, Ends.length(outputs))
        self._chains = Chains()
        self._lock = threading.Lock()  # over what follows; never held while anything may wait
        self._queue: deque[Group] = deque()
        self._workers: list[WorkerProcess] = []
        self._is_closing = False
        self._is_barred = False  # a worker could not begin: no other is tried until there is more work
        self._failed_starts = 0
        self._ear, self._bell = os.pipe()
        os.set_blocking(self._bell, False)
        self._thread = threading.Thread(target=self._serve, name="linemill-workers", daemon=True)
        resource_tracker.ensure_running()  # it would unblock the signals that the thread blocks
        self._thread.start()
        atexit.register(self.close)

    def submit(self, tasks: Sequence[Task]) -> Future[list[Worked | LinemillError]]:
        """Hand a group of tasks to the next free worker."""
        group = Group([Placed(task, self._chains.place(task)) for task in tasks])
        group.outcome.set_running_or_notify_cancel()  # it cannot be cancelled
        with self._lock:
            if not self._is_closing:
                self._queue.append(group)
                self._is_barred = False
                self._ring()
                return group.outcome
        _answer(group, lost(tasks))
        return group.outcome

    def reached(self) -> int:
        """Tell the raw bytes read so far by groups that have not ended."""
        with self._lock:
            return sum(worker.reached() for worker in self._workers if worker.group is not None)

    def look(self) -> None:
        """End workers that stand still, or have grown too large."""
        for worker in self._workers.copy():
            group, still_s = worker.group, worker.still_s()
            reason: Reason | None = None
            limit_s = self._stall_timeout_s
            if limit_s is not None and not worker.is_up:
                limit_s = max(limit_s, START_S)
            if limit_s is not None and still_s > limit_s and (group or not worker.is_up):
                reason = partial(stalled, seconds=limit_s)
            elif group and self._memory_limit is not None and (found := worker.memory()) > self._memory_limit:
                reason = partial(too_large, found=found, limit=self._memory_limit)
            if reason is not None:
                with self._lock:
                    if worker in self._workers and worker.group is group:
                        worker.kill(reason)

    def standing(self, longer_than_s: float) -> list[Standing]:
        """Tell which workers have not come on for longer than this, within one block and one node."""
        found: list[Standing] = []
        with self._lock:
            for worker in self._workers:
                place, for_s = worker.in_node()
                index = worker.in_hand()
                if worker.group is not None and index is not None and place and for_s > longer_than_s:
                    found.append(Standing(worker.group.tasks[index].task, self._nodes[place - 1], for_s))
        return found

    def close(self, timeout_s: float = 0) -> None:
        """End the workers, after their groups had this long to end."""
        with self._lock:
            open_ones = [worker.group.outcome for worker in self._workers if worker.group] + [one.outcome for one in self._queue]
        if timeout_s > 0:
            wait_for(open_ones, timeout_s)
        with self._lock:
            if self._is_closing:
                return
            self._is_closing = True
            for worker in self._workers:
                worker.kill()
        self._ring()
        self._thread.join()
        os.close(self._bell)
        os.close(self._ear)
        atexit.unregister(self.close)

    def _serve(self) -> None:
        """Start workers, give them work, hear what came of it. The thread's whole life."""
        # Ctrl-C goes to all processes of a terminal, and a service manager ends all those of a service. Stopping is ours
        # alone: workers inherit this from their first moment on.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        bug: BaseException | None = None
        try:
            while not self._is_closing:
                self._start_workers()
                self._give()
                self._listen()
        except BaseException as error:  # it must not leave anybody waiting
            bug = error
        for worker in self._workers:
            worker.kill()
        with self._lock:
            self._is_closing = True
            left = [worker.group for worker in self._workers if worker.group] + list(self._queue)
            gone, self._workers = self._workers, []
            self._queue.clear()
        for worker in gone:
            worker.over()
        for group in left:
            _answer(group, bug or lost(group.tasks))

    def _start_workers(self) -> None:
        while len(self._workers) < self._count and self._may_start() and not self._is_barred and not self._is_closing:
            try:
                worker = WorkerProcess(self._context, self._setup, self._ends)
            except OSError as error:
                what, hint = f"no worker process could be started: {error.strerror or error}", "let the system have more room"
                self._blame(lambda task, what=what, hint=hint: WorldError(what, hint=hint))  # type: ignore[misc]
                continue
            with self._lock:
                self._workers.append(worker)

    def _may_start(self) -> bool:
        return bool(self._queue) or sum(not worker.is_up for worker in self._workers) < STARTS_AT_ONCE

    def _give(self) -> None:
        for worker in self._workers:
            if worker.is_up and worker.group is None:
                with self._lock:
                    if not self._queue:
                        return
                    group = self._queue.popleft()
                    worker.take(group)
                worker.send(group)

    def _listen(self) -> None:
        """Wait for something to happen, and see to it."""
        by_what: dict[Any, WorkerProcess] = {worker.connection: worker for worker in self._workers}
        by_what |= {worker.sentinel: worker for worker in self._workers}
        happened = wait([self._ear, *by_what])
        if self._ear in happened:
            os.read(self._ear, 4096)
        # What a worker said before it ended is heard first.
        for worker in dict.fromkeys(by_what[one] for one in happened if one != self._ear):
            if worker.connection in happened:
                self._hear(worker)
            else:
                self._lose(worker)

    def _hear(self, worker: WorkerProcess) -> None:
        try:
            said = worker.hear()
        except (EOFError, OSError):
            self._lose(worker)
            return
        if not worker.is_up:
            worker.is_up = True
            self._failed_starts = 0
            return
        with self._lock:
            group, worker.group = worker.group, None
        if isinstance(said, list) and any(_is_memory(one) for one in said):
            worker.kill()  # what it could not give back, it keeps
        if group is not None:
            _answer(group, said)

    def _lose(self, worker: WorkerProcess) -> None:
        """Take leave of a worker that has ended; one task is to blame, if it had any."""
        index = worker.in_hand()
        with self._lock:
            group, worker.group = worker.group, None
            self._workers.remove(worker)
        reason = worker.over()
        if not worker.is_up:
            self._blame(reason)
            return
        self._is_barred = False
        if group is None:
            return
        group.losses += 1
        if index is not None or group.losses > self._count + 1:
            at = index or 0
            _answer(group, lost(group.tasks, at, reason(group.tasks[at].task)))
        else:  # it never began; all workers may have been ended from outside, but hardly more
            with self._lock:
                self._queue.appendleft(group)

    def _blame(self, reason: Reason) -> None:
        """Have the next group fail where no worker can begin: else it would wait for one for ever."""
        self._failed_starts += 1
        with self._lock:
            self._is_barred = any(worker.is_up for worker in self._workers) or not self._queue
            if self._is_barred or self._failed_starts < self._count:
                return
            group = self._queue.popleft()
            self._is_barred = not self._queue
        self._failed_starts = 0
        _answer(group, lost(group.tasks, 0, reason(group.tasks[0].task)))

    def _ring(self) -> None:
        """Have the thread look up."""
        with suppress(BlockingIOError):  # it has not yet looked up from the last time
            os.write(self._bell, b".")


def _answer(group: Group, what: object) -> None:
    if isinstance(what, list):
        group.outcome.set_result(what)
    else:
        group.outcome.set_exception(what if isinstance(what, BaseException) else TypeError(what))


def _is_memory(result: Worked | LinemillError) -> bool:
    error = result.failure if isinstance(result, Worked) else result
    return error is not None and error.code == "memory"

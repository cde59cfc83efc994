"""`linemill run`: given files through a pipeline, once, to the end."""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from linemill.errors import LinemillError, UsageError
from linemill.executors.contract import Executor
from linemill.executors.inline import InlineExecutor
from linemill.executors.prints import prints_on_stderr
from linemill.executors.task import Task, Worked
from linemill.files import Stage
from linemill.mill.job import SPAN_BYTES, Job, spans_of
from linemill.mill.report import FileReport
from linemill.mill.targets import name_of, refuse_collisions, refuse_growing, targets_of
from linemill.pipeline import Pipeline

TICK_S = 0.1
"""How often progress is told and a wish to stop is looked for, at least."""

WORTH_WORKERS_BYTES = 32 * 2**20
"""Input from which worker processes are worth their start (0.3 s), unless the user says how many."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run is.

    Attributes:
        done_bytes: Raw bytes read so far, over all files.
        total_bytes: Raw bytes of all files; None while unknown (a pipe is among them).
        done_files: Files that are done or failed.
        total_files: Files in all.
    """

    done_bytes: int
    total_bytes: int | None
    done_files: int
    total_files: int


def run(
    pipeline: Pipeline,
    inputs: Sequence[Path | None],
    *,
    out: Path | None = None,
    workers: int | None = None,
    to_stdout: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_report: Callable[[FileReport], None] | None = None,
    stop: threading.Event | None = None,
) -> list[FileReport]:
    """Process files to the end and publish their outputs.

    Args:
        pipeline: The checked pipeline.
        inputs: Files or named pipes; None stands for standard input.
        out: Folder in place of the pipeline's own for relative output paths.
        workers: Worker processes; 1 works in this process; None follows the cores and the size of the input.
        to_stdout: Name of the output whose lines go to standard output (binary, as they come) in place of a file.
        on_progress: Called in the calling thread, a few times a second.
        on_report: Called in the calling thread as soon as a file is done or failed.
        stop: Set from elsewhere to stop early: nothing half-published, `KeyboardInterrupt` is raised.

    Returns:
        One report for each input, in the order given.

    Raises:
        UsageError: Two inputs would write the same output, an output would overwrite an input, a growing output.
        KeyboardInterrupt: Stopped; everything staged has been removed.
    """
    base = Path(os.path.abspath(out)) if out is not None else pipeline.folder
    today = datetime.now(UTC).date()
    refuse_growing(pipeline.outputs)
    # Made again for each file when its turn comes: those of ten thousand would be 20 MB.
    refuse_collisions(pipeline, inputs, (targets_of(pipeline, name_of(path), base, today) for path in inputs))
    if None in inputs and sys.stdin is None:
        raise UsageError("standard input is closed", hint="name a file, or give the program something to read")
    total_bytes = _total_bytes(inputs)
    count = _workers(pipeline, inputs, total_bytes, workers, to_stdout)
    with Stage() as stage, prints_on_stderr() as stdout:
        streams: dict[str, int] = {}
        if to_stdout is not None:
            if stdout is None:
                raise UsageError("standard output is closed", hint="leave --to-stdout out, or give the lines somewhere to go")
            streams[to_stdout] = stdout
        span_bytes = SPAN_BYTES if count > 1 and pipeline.is_splittable else None

        def job(index: int) -> Job:
            name = name_of(inputs[index])
            return Job(pipeline, inputs[index], name, targets_of(pipeline, name, base, today), stage, streams, span_bytes)

        return _Course(pipeline, job, len(inputs), total_bytes, on_progress, on_report, stop).go(count)


class _Course:
    """The way of all files through one executor."""

    def __init__(
        self,
        pipeline: Pipeline,
        job: Callable[[int], Job],
        total_files: int,
        total_bytes: int | None,
        on_progress: Callable[[Progress], None] | None,
        on_report: Callable[[FileReport], None] | None,
        stop: threading.Event | None,
    ) -> None:
        self._pipeline = pipeline
        self._job = job
        self._total_files = total_files
        self._total_bytes = total_bytes
        self._on_progress = on_progress
        self._on_report = on_report
        self._stop = stop
        self._jobs: dict[int, Job] = {}
        self._running: dict[Future[Worked], tuple[int, Task]] = {}
        self._given_out: set[int] = set()
        self._done_bytes = 0
        self._shown_bytes = 0
        self._reports: dict[int, FileReport] = {}
        self._looked_s = 0.0
        self._executor: Executor

    def go(self, workers: int) -> list[FileReport]:
        """Work off all files; on whatever ends it early, stop the workers first."""
        if workers == 1:
            self._executor = InlineExecutor(self._pipeline, self._tick)
        else:
            from linemill.executors.local import LocalExecutor  # 60 ms that a small file does not pay

            self._executor = LocalExecutor(self._pipeline, workers)
        try:
            self._work_off()
        finally:
            self._executor.close()
        return [self._reports[index] for index in range(self._total_files)]

    def _work_off(self) -> None:
        todo = self._tasks()
        while self._hand_out(todo) or self._running:
            done, _ = wait(self._running, timeout=TICK_S, return_when=FIRST_COMPLETED)
            for future in done:
                self._take(future)
            self._tick()

    def _hand_out(self, todo: Iterator[tuple[int, Task | None]]) -> bool:
        """Give the executor all that it can use; tell whether there may be more.

        What is done is taken first: it may have failed a file that is still being given out.
        """
        while len(self._running) < self._executor.capacity:
            following = next(todo, None)
            if following is None:
                return False
            index, task = following
            if task is None:
                self._given_out.add(index)
                self._finish_if_over(index)
            else:
                self._running[self._executor.submit(task)] = (index, task)
            if any(future.done() for future in self._running):
                break
        return True

    def _tasks(self) -> Iterator[tuple[int, Task | None]]:
        """Give the tasks of all files in order, and None after the last one of each."""
        for index in range(self._total_files):
            job = self._jobs[index] = self._job(index)
            for task in job.tasks():
                yield index, task
            yield index, None

    def _take(self, future: Future[Worked]) -> None:
        """Give what came of a task to its file."""
        index, task = self._running.pop(future)
        error = future.exception()
        if isinstance(error, LinemillError):
            self._jobs[index].take(task, error)
        elif error is not None:
            raise error
        else:
            self._done_bytes += future.result().raw_bytes
            self._jobs[index].take(task, future.result())
        self._finish_if_over(index)

    def _finish_if_over(self, index: int) -> None:
        """Finish a file when all its tasks have been given out and none is running."""
        if index in self._given_out and all(index != other for other, _ in self._running.values()):
            self._finish(index)

    def _finish(self, index: int) -> None:
        # Ctrl-C waits until what has been published has also been told.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            report = self._jobs.pop(index).finish()
            self._reports[index] = report
            if self._on_report is not None:
                self._on_report(report)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _tick(self) -> None:
        """Look whether to stop; look after the workers and tell how far we are, a few times a second."""
        if self._stop is not None and self._stop.is_set():
            raise KeyboardInterrupt
        now = time.monotonic()
        if now - self._looked_s < TICK_S:
            return
        self._looked_s = now
        self._executor.look()
        if self._on_progress is not None:
            # Between a task's end and its report its bytes are in neither sum.
            self._shown_bytes = max(self._shown_bytes, self._done_bytes + self._executor.reached())
            self._on_progress(Progress(self._shown_bytes, self._total_bytes, len(self._reports), self._total_files))


def _workers(
    pipeline: Pipeline, inputs: Sequence[Path | None], total_bytes: int | None, asked: int | None, to_stdout: str | None
) -> int:
    """Decide how many processes work. Standard streams are this process's own."""
    if to_stdout is not None or None in inputs:
        return 1
    if asked == 1 or (asked is None and total_bytes is not None and total_bytes < WORTH_WORKERS_BYTES):
        return 1
    tasks = sum(spans_of(path) for path in inputs if path is not None) if pipeline.is_splittable else len(inputs)
    # Two at least where somebody asks: a processor that may crash is kept out of this process.
    return min(tasks, os.cpu_count() or 1) if asked is None else min(asked, max(tasks, 2))


def _total_bytes(inputs: Sequence[Path | None]) -> int | None:
    total = 0
    for path in inputs:
        try:
            status = os.stat(path) if path is not None else None
        except OSError:
            continue
        if status is None or not stat.S_ISREG(status.st_mode):
            return None
        total += status.st_size
    return total

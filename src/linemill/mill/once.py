"""`linemill run`: given files through a pipeline, once, to the end. And files that wait in the catalog, where no mill runs."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from linemill.catalog import Catalog
from linemill.catalog.records import Claim
from linemill.errors import UsageError
from linemill.executors.contract import Executor
from linemill.executors.inline import InlineExecutor
from linemill.executors.prints import prints_on_stderr
from linemill.files.publishing import undisturbed
from linemill.mill.course import Course
from linemill.mill.folders import STATE_FOLDER
from linemill.mill.job import Place
from linemill.mill.pool import SPAN_BYTES, Pool, started, total_bytes_of
from linemill.mill.recovery import recover
from linemill.mill.report import FileReport
from linemill.mill.sources import Given, Ready
from linemill.mill.targets import name_of, refuse_collisions, targets_of
from linemill.mill.turns import Works
from linemill.pipeline import Pipeline, version_of

TICK_S = 0.1
"""How often progress is told and a wish to stop is looked for, at least."""

CLAIMED_AHEAD = 200
"""Files that are claimed before a worker is free for them."""


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
    pool: Pool | None = None,
    to_stdout: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_report: Callable[[FileReport], None] | None = None,
    stop: threading.Event | None = None,
) -> list[FileReport]:
    """Process files to the end and publish their outputs.

    Args:
        pipeline: The checked pipeline.
        inputs: Files or named pipes; None stands for standard input.
        out: Folder in place of the pipeline's own for relative output paths, and for the catalog.
        pool: Who works; its workers are ended. None for this process.
        to_stdout: Name of the output whose lines go to standard output (binary, as they come) in place of a file.
        on_progress: Called in the calling thread, a few times a second.
        on_report: Called in the calling thread as soon as a file is done or failed.
        stop: Set from elsewhere to stop early: nothing half-published, `KeyboardInterrupt` is raised.

    Returns:
        One report for each input, in the order given.

    Raises:
        UsageError: Two inputs would write the same output, an output would overwrite an input, a growing output has the lines
            of one of these files already.
        WorldError: The catalog cannot be opened.
        KeyboardInterrupt: Stopped; everything staged has been removed.
    """
    base = Path(os.path.abspath(out)) if out is not None else pipeline.folder
    day = datetime.now(UTC).date().isoformat()
    # Made again for each file when its turn comes: those of ten thousand would be 20 MB.
    refuse_collisions(pipeline, inputs, (targets_of(pipeline, name_of(path), base, day) for path in inputs))
    if None in inputs and sys.stdin is None:
        raise UsageError("standard input is closed", hint="name a file, or give the program something to read")
    total_bytes = total_bytes_of(inputs)
    pool = pool or Pool(version_of(pipeline), None)
    with prints_on_stderr() as stdout:
        streams: dict[str, int] = {}
        if to_stdout is not None:
            if stdout is None:
                raise UsageError("standard output is closed", hint="leave --to-stdout out, or give the lines somewhere to go")
            streams[to_stdout] = stdout
        with Catalog.open(base / STATE_FOLDER, "run") as catalog:
            whole = Given(catalog, pipeline, inputs, day)
            span_bytes = SPAN_BYTES if pool.workers is not None and pipeline.is_splittable else None
            place = Place(base, catalog.tag, span_bytes, streams)
            run_ = _Run(catalog, pipeline, whole, total_bytes, on_progress, on_report, stop)
            return run_.go(place, pool)


def work_ready(
    pipeline: Pipeline, base: Path, file_ids: Collection[int], *, stop: threading.Event | None = None
) -> list[FileReport]:
    """Work on files that wait in the catalog, to the end, where no mill does it.

    Args:
        pipeline: The checked pipeline.
        base: The folder that relative paths start from, with the catalog.
        file_ids: Rows of the files.
        stop: As for `run`.

    Returns:
        One report for each file that was ready.
    """
    day = datetime.now(UTC).date().isoformat()
    with prints_on_stderr(), Catalog.open(base / STATE_FOLDER, "run") as catalog:
        ready = Ready(catalog, file_ids, day)
        span_bytes = SPAN_BYTES if pipeline.is_splittable else None
        run_ = _Run(catalog, pipeline, ready, None, None, None, stop)
        with started(pipeline, 2) as pool:
            return run_.go(Place(base, catalog.tag, span_bytes, {}), pool)


class _Run:
    """The way of all files through one executor, to the end."""

    def __init__(
        self,
        catalog: Catalog,
        pipeline: Pipeline,
        source: Given | Ready,
        total_bytes: int | None,
        on_progress: Callable[[Progress], None] | None,
        on_report: Callable[[FileReport], None] | None,
        stop: threading.Event | None,
    ) -> None:
        self._catalog = catalog
        self._pipeline = pipeline
        self._source = source
        self._total_bytes = total_bytes
        self._on_progress = on_progress
        self._tell = on_report
        self._stop = stop
        self._done = threading.Event()
        self._reports: dict[int, FileReport] = {}
        self._again: set[int] = set()
        self._shown_bytes = 0
        self._looked_s = 0.0
        self._executor: Executor
        self._course = Course(
            catalog,
            on_done=self._done.set,
            on_report=self._report,
            on_failed=lambda failed: self._again.add(failed.claim.file_id) if failed.next_try_at is not None else None,
            on_undone=self._again.add,
            in_order=any(output.is_growing for output in pipeline.outputs),
        )

    def go(self, place: Place, pool: Pool) -> list[FileReport]:
        """Work off all files; on whatever ends it early, stop the workers first."""
        version = pool.version
        now = time.time()
        self._executor = pool.workers or InlineExecutor(self._pipeline, self._tick)
        try:
            try:
                self._course.redo(recover(self._catalog, now).redos)
                self._course.settle(now)
                version_id = self._catalog.version(version.text, version.sources, now)
                self._source.begin(version_id)
                self._work_off(Works(self._pipeline, version_id, self._executor, place))
            finally:
                self._executor.close()
        except BaseException:
            with undisturbed():
                self._course.give_up(time.time(), put_back=False)
            raise
        return [self._reports[file_id] for file_id in self._source.order]

    def _work_off(self, works: Works) -> None:
        day = datetime.now(UTC).date().isoformat()
        while True:
            now = time.time()
            if self._again:
                again = set(self._again)
                self._again.clear()
                self._course.begin(self._catalog.take(now, len(again), version_id=works.version_id, day=day, only=again), works)
            if self._course.queued_files < CLAIMED_AHEAD // 2 and not self._source.is_over:
                self._course.begin(self._source.more(CLAIMED_AHEAD, now), works)
            self._done.clear()
            self._course.hand_out()
            with undisturbed():  # until what has been published has also been told
                self._course.settle(time.time())
            if self._course.is_idle and self._source.is_over and not self._again:
                return
            if self._is_held_up():
                assert self._course.publisher.trouble is not None
                raise self._course.publisher.trouble
            self._tick()
            if not self._course.is_idle and not self._done.is_set():
                self._done.wait(TICK_S)

    def _is_held_up(self) -> bool:
        """Tell whether something committed cannot be published now; what another process publishes before it is waited for."""
        trouble = self._course.publisher.trouble
        if trouble is None or self._course.claims():
            return False
        return trouble.code != "cut_off" or len(self._catalog.owners()) == 1

    def _report(self, claim: Claim, report: FileReport) -> None:
        report = replace(report, path=self._source.path_of(claim))
        self._reports[claim.file_id] = report
        if self._tell is not None:
            self._tell(report)

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
            self._shown_bytes = max(self._shown_bytes, self._course.done_bytes + self._executor.reached())
            self._on_progress(Progress(self._shown_bytes, self._total_bytes, len(self._reports), self._source.total))

"""The work itself, in whatever process: read, run, write to hidden files. What every executor calls."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from linemill.engine import Run, empty_ledger
from linemill.errors import LinemillError
from linemill.executors.sinks import Sinks
from linemill.executors.task import Task, Worked
from linemill.executors.watchdog import watch_here
from linemill.files import LongLine, Reader
from linemill.pipeline import Pipeline


def work(pipeline: Pipeline, task: Task, reached: Callable[[int], None]) -> Worked:
    """Take a file, or a span of it, through the pipeline into its hidden files.

    Args:
        pipeline: The checked pipeline, loaded in this process.
        task: What to do.
        reached: Told the raw bytes read, after every block; may raise to stop.

    Returns:
        The counts; a failure that is the file's, its processors' or the world's is in `failure`.
    """
    run: Run | None = None
    sinks: Sinks | None = None
    reader = Reader(
        task.path if task.path is not None else sys.stdin.buffer,
        encoding=pipeline.input.encoding,
        max_line=pipeline.input.max_line,
        max_size=pipeline.input.max_size,
        span=task.span,
    )
    raw_bytes = 0
    failure: LinemillError | None = None
    try:
        with reader, Sinks(task) as sinks:
            run = Run(pipeline, clock=time.perf_counter, watch=watch_here())
            sinks.take(run.open())
            for part in reader:
                if isinstance(part, LongLine):
                    sinks.take(run.skip(part.offset, part.length, pipeline.input.max_line))
                else:
                    sinks.take(run.feed(part))
                raw_bytes = reader.raw_bytes
                reached(raw_bytes)
            for results in run.close():
                sinks.take(results)
                reached(raw_bytes)
            raw_bytes = reader.raw_bytes
    except LinemillError as error:
        failure = error
    finally:
        if run is not None:
            run.abort()
    ledger = run.ledger if run is not None else empty_ledger(pipeline)
    return Worked(ledger, raw_bytes, reader.facts, failure, sinks.first_dead if sinks else None)

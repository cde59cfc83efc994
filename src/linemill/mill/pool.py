"""The worker processes: how many there are to be, and their start, before anything else that takes its time.

Imported before the catalog, and without it: while this process imports what it needs, the workers import what they need.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linemill.files import Span, spans
from linemill.pipeline import Pipeline, Version, version_of

if TYPE_CHECKING:
    from linemill.executors.contract import Executor

WORTH_WORKERS_BYTES = 32 * 2**20
"""Input from which worker processes are worth their start (0.3 s), unless the user says how many."""

SPAN_BYTES = 16 * 2**20
"""Bytes of a span: some tenths of a second of work, so that handing it out costs little, and small enough that the workers
end together and that what waits to be put in its place stays small. 8 and 32 MiB took 2 to 5 % longer for 1 GB."""

STEPS = 4
"""The first spans of a file are a quarter, a half and three quarters of that."""


def size_for(pipeline: Pipeline, inputs: Sequence[Path | None], asked: int | None, to_stdout: str | None) -> int | None:
    """Decide how many processes work on given files; None for this one. Standard streams are this process's own.

    Args:
        pipeline: The checked pipeline.
        inputs: Files or named pipes; None stands for standard input.
        asked: How many the user wants; None where we may choose.
        to_stdout: Name of the output whose lines go to standard output, if any.
    """
    if to_stdout is not None or None in inputs or asked == 1:
        return None
    total_bytes = total_bytes_of(inputs)
    if asked is None and total_bytes is not None and total_bytes < WORTH_WORKERS_BYTES:
        return None
    tasks = sum(len(spans_of(path)) or 1 for path in inputs if path is not None) if pipeline.is_splittable else len(inputs)
    # Two at least where somebody asks: a processor that may crash is kept out of this process.
    count = min(tasks, size_of(pipeline)) if asked is None else min(asked, max(tasks, 2))
    return count if count > 1 else None


def size_of(pipeline: Pipeline) -> int:
    """Tell how many processes a mill has: as many as the pipeline says, else one for each core."""
    return pipeline.workers.count or os.cpu_count() or 1


def local_workers(pipeline: Pipeline, digest: str, count: int) -> Executor:
    """Start worker processes on this machine, within the limits that the pipeline sets. To be closed."""
    from linemill.executors.local import LocalExecutor  # 60 ms that a small file does not pay

    settings = pipeline.workers
    return LocalExecutor(pipeline, digest, count, settings.memory_limit, settings.stall_timeout_s)


@dataclass(frozen=True, slots=True)
class Pool:
    """A version of a pipeline, and who works by it.

    Attributes:
        version: What the pipeline file and its processors' modules were when the workers were started.
        workers: The processes; None for this one.
    """

    version: Version
    workers: Executor | None


@contextmanager
def started(pipeline: Pipeline, count: int | None) -> Iterator[Pool]:
    """Start so many worker processes, and see to it that they are ended; None for this process."""
    version = version_of(pipeline)
    workers = local_workers(pipeline, version.digest, count) if count is not None else None
    try:
        yield Pool(version, workers)
    finally:
        if workers is not None:
            workers.close()


def spans_of(path: Path, span_bytes: int = SPAN_BYTES) -> list[Span]:
    """Tell how a file would be cut, if its content allows it; none for what is small or no regular file."""
    try:
        found = os.stat(path)
    except OSError:
        return []
    is_worth_it = stat.S_ISREG(found.st_mode) and found.st_size > 2 * span_bytes
    return in_spans(found.st_size, span_bytes) if is_worth_it else []


def in_spans(size: int, span_bytes: int) -> list[Span]:
    """Cut a file into spans, the first ones shorter.

    Workers that begin together then do not end together: they would wait for one another's place, and for one another's
    writing to the same files, which took 3 % of the time of two workers.
    """
    return spans(size, span_bytes, STEPS)


def total_bytes_of(inputs: Sequence[Path | None]) -> int | None:
    """Tell how many bytes all files have; None where that cannot be known (a pipe is among them)."""
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

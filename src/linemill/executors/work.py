"""The work itself, in whatever process: read, run, write to hidden files. What every executor calls."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple

from linemill.engine import Results, Run, empty_ledger
from linemill.engine.memory import out_of_memory
from linemill.errors import LinemillError
from linemill.executors.places import Ends, Place
from linemill.executors.sinks import Sinks
from linemill.executors.task import Resumed, Task, Worked
from linemill.executors.traces import written_traces
from linemill.executors.watchdog import watch_here
from linemill.files import LongLine, Reader
from linemill.pipeline import DEAD_LETTERS, Pipeline

LETTERS_BLOCK = 1000
"""Lines that were handed over go through the graph so many at a time."""


class Placed(NamedTuple):
    """A task, and how it finds its place; None where it writes files of its own in any case."""

    task: Task
    place: Place | None = None


def work_all(
    pipeline: Pipeline,
    group: Sequence[Placed],
    ends: Ends,
    begins: Callable[[int], None],
    reached: Callable[[int], None],
    enters: Callable[[int], None] = lambda place: None,
) -> list[Worked | LinemillError]:
    """Work on a group of tasks, in order, and make what they wrote durable, all at once.

    Args:
        pipeline: The checked pipeline, loaded in this process.
        group: The tasks.
        ends: Where the places of spans are said.
        begins: Told the index of each task when it begins.
        reached: Told the raw bytes read of the whole group, after every block; may raise to stop.
        enters: Told which node has the word: its place in the pipeline, from 1; 0 for none.

    Returns:
        For each what came of it.
    """
    results: list[Worked | LinemillError] = []
    before = 0
    for index, (task, place) in enumerate(group):
        begins(index)
        told = partial(_beyond, before, reached)
        worked = work(pipeline, task, told, place, ends, enters)
        before += worked.raw_bytes
        results.append(worked)
    return _durable([task for task, _ in group], results)


def _beyond(before: int, reached: Callable[[int], None], count: int) -> None:
    reached(before + count)


def work(
    pipeline: Pipeline,
    task: Task,
    reached: Callable[[int], None],
    place: Place | None = None,
    ends: Ends | None = None,
    enters: Callable[[int], None] = lambda place: None,
) -> Worked:
    """Take a file, a span of it, or some of its lines through the pipeline into hidden files.

    Args:
        pipeline: The checked pipeline, loaded in this process.
        task: What to do.
        reached: Told the raw bytes read, after every block; may raise to stop.
        place: How a span finds its place; None to write files of its own in any case.
        ends: Where that is said.
        enters: Told which node has the word: its place in the pipeline, from 1; 0 for none.

    Returns:
        The counts; a failure that is the file's, its processors' or the world's is in `failure`. Nothing is synced.
    """
    start_s = time.perf_counter()
    run: Run | None = None
    sinks = Sinks(task, place, ends)
    reader = _reader(pipeline, task)
    raw_bytes = 0
    failure: LinemillError | None = None
    traces = b""
    try:
        with reader or nullcontext(), sinks, _no_copies() as end_copies:
            run = Run(pipeline, clock=time.perf_counter, watch=watch_here(), samples=task.samples, enters=enters)
            sinks.take(run.open())
            for results in _handed_over(run, task) if reader is None else _read(run, reader, pipeline.input.max_line):
                end_copies()
                sinks.take(results)
                raw_bytes = reader.raw_bytes if reader is not None else 0
                reached(raw_bytes)
            for results in run.close():
                end_copies()
                sinks.take(results)
                reached(raw_bytes)
            raw_bytes = reader.raw_bytes if reader is not None else 0
            sinks.finish()
            traces = written_traces(run.traces)
    except LinemillError as error:
        failure = _bare(error)
    except MemoryError as error:
        traceback.clear_frames(error.__traceback__)
        failure = out_of_memory("")
    finally:
        if run is not None:
            run.abort()
    return Worked(
        ledger=run.ledger if run is not None else empty_ledger(pipeline),
        raw_bytes=raw_bytes,
        facts=reader.facts if reader is not None else None,
        failure=failure,
        letters=tuple(sinks.letters),
        pieces=sinks.pieces() if failure is None else {},
        seconds=time.perf_counter() - start_s,
        starts=sinks.starts if failure is None else None,
        traces=traces,
    )


@contextmanager
def _no_copies() -> Iterator[Callable[[], None]]:
    """End a copy of this process that a processor has made and that comes back from it, before it does our work once more.

    It has our files open, and what it wrote, or told of its results, would be taken for ours. One that keeps to itself may live.

    Yields:
        To be called before anything is written.
    """
    ours = os.getpid()

    def end_copies() -> None:
        if os.getpid() != ours:
            os._exit(1)

    try:
        yield end_copies
    finally:
        end_copies()


def _reader(pipeline: Pipeline, task: Task) -> Reader | None:
    """Give what reads the task's file; None for lines that were handed over."""
    if task.letters is not None:
        return None
    return Reader(
        task.path if task.path is not None else sys.stdin.buffer,
        encoding=pipeline.input.encoding,
        max_line=pipeline.input.max_line,
        max_size=pipeline.input.max_size,
        span=task.span,
    )


def _read(run: Run, reader: Reader, max_line: int) -> Iterator[Results]:
    for part in reader:
        yield run.skip(part.offset, part.length, max_line) if isinstance(part, LongLine) else run.feed(part)


def _handed_over(run: Run, task: Task) -> Iterator[Results]:
    letters = task.letters or ()
    for start in range(0, len(letters), LETTERS_BLOCK):
        numbers, lines = zip(*letters[start : start + LETTERS_BLOCK], strict=True)
        yield run.feed(list(lines), list(numbers))
    by_node: dict[str, list[Resumed]] = {}
    for one in task.resumed:
        by_node.setdefault(one.node, []).append(one)
    for node, every in by_node.items():
        for start in range(0, len(every), LETTERS_BLOCK):
            some = every[start : start + LETTERS_BLOCK]
            yield run.resume(node, [one.item for one in some], [one.number for one in some], [one.text for one in some])


def _bare(error: LinemillError) -> LinemillError:
    """Have an error hold nothing but what it says: the memory that ran out may be in the frames that it came through."""
    if error.__cause__ is not None:
        traceback.clear_frames(error.__cause__.__traceback__)
    error.__cause__ = error.__context__ = error.__traceback__ = None
    return error


def _durable(tasks: Sequence[Task], results: list[Worked | LinemillError]) -> list[Worked | LinemillError]:
    """Sync what the tasks wrote; a task whose files cannot be synced has come to nothing."""
    written = {index: paths for index, paths in enumerate(map(_to_sync, tasks, results)) if paths}
    paths = [path for of_one in written.values() for path in of_one]
    if not paths:
        return results
    from linemill.files.publishing import sync  # ctypes and what else it needs, which a refused pipeline does not pay for

    try:
        sync(paths, {path.parent for path in paths})
    except LinemillError as error:
        return [error if index in written else result for index, result in enumerate(results)]
    return results


def _to_sync(task: Task, result: Worked | LinemillError) -> list[Path]:
    if task.span is not None or isinstance(result, LinemillError):
        return []
    named = {**task.outputs, DEAD_LETTERS: task.dead}
    return [path for name in result.pieces if isinstance(path := named[name], Path)]

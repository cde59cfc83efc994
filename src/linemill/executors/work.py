"""The work itself, in whatever process: read, run, write to hidden files. What every executor calls."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from linemill.engine import DeadLetter, Results, Run, empty_ledger
from linemill.errors import LinemillError
from linemill.executors.letters import letter_line
from linemill.executors.task import Task, Worked
from linemill.executors.watchdog import watch_here
from linemill.files import LongLine, Reader, Writer, cannot_write
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
    sinks: _Sinks | None = None
    reader = Reader(
        task.path if task.path is not None else sys.stdin.buffer,
        encoding=pipeline.input.encoding,
        max_line=pipeline.input.max_line,
        max_size=pipeline.input.max_size,
        span=task.span,
    )
    raw_bytes = 0
    try:
        with reader, _Sinks(task) as sinks:
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
    except LinemillError as failure:
        failed = failure
    else:
        return Worked(run.ledger, raw_bytes, reader.facts, None, sinks.first_dead)
    finally:
        if run is not None:
            run.abort()
    ledger = run.ledger if run is not None else empty_ledger(pipeline)
    return Worked(ledger, raw_bytes, reader.facts, failed, sinks.first_dead if sinks else None)


class _Sink(Protocol):
    def write(self, data: bytes) -> None: ...


class _Stream:
    """An open descriptor, for lines as they come."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except BrokenPipeError:
            raise  # whoever reads has seen enough: not a trouble of this file, but the end of the run
        except OSError as error:
            raise cannot_write(error, "written", "standard output") from error


class _Sinks:
    """The files that a task writes. Leaving it syncs them, or, after an error, only lets go of them."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._stack = ExitStack()
        self._dead: Writer | None = None
        self._outputs: dict[str, _Sink] = {}
        self.first_dead: DeadLetter | None = None

    def __enter__(self) -> _Sinks:
        is_part = self._task.span is not None
        with ExitStack() as stack:
            for name, path in self._task.outputs.items():
                self._outputs[name] = (
                    stack.enter_context(Writer(path, is_part=is_part)) if isinstance(path, Path) else _Stream(path)
                )
            self._dead = Writer(self._task.dead, is_part=is_part)
            stack.push(self._let_go_of_dead)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def _let_go_of_dead(self, kind: type[BaseException] | None, *error: object) -> None:
        assert self._dead is not None
        # Without dead letters the file is removed, so it need not survive a power cut: one sync less for nearly every file.
        self._dead.close(sync=kind is None and self.first_dead is not None)

    def take(self, results: Results) -> None:
        """Write what came of a block."""
        for name, rendered in results.outputs.items():
            if rendered.data:
                self._outputs[name].write(rendered.data)
        for letter in results.dead:
            self.first_dead = self.first_dead or letter
            assert self._dead is not None
            self._dead.write(letter_line(letter, self._task.name))

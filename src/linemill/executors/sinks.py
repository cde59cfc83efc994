"""Where a task's lines and dead letters go: hidden files, and open descriptors."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from linemill.engine import DeadLetter, Results
from linemill.executors.letters import letter_line
from linemill.executors.task import Task
from linemill.files import Writer, cannot_write


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


class Sinks:
    """The files that a task writes. Leaving it syncs them, or, after an error, only lets go of them."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._stack = ExitStack()
        self._dead: Writer | None = None
        self._outputs: dict[str, _Sink] = {}
        self.first_dead: DeadLetter | None = None

    def __enter__(self) -> Sinks:
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

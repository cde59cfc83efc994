"""The contract of an executor: something that runs tasks, here or elsewhere."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from linemill.executors.task import Task, Worked


class Executor(Protocol):
    """Runs tasks of one pipeline. Used from one thread.

    Attributes:
        capacity: Tasks that it is worth to have submitted at a time.
    """

    capacity: int

    def submit(self, task: Task) -> Future[Worked]:
        """Have a task done. The future fails only where the work could not be reported at all: a worker died."""
        ...

    def reached(self) -> int:
        """Tell the raw bytes read so far by tasks that have not ended."""
        ...

    def look(self) -> None:
        """Look after what has been submitted; called a few times a second while any of it has not ended."""
        ...

    def close(self) -> None:
        """End at once, whatever still runs."""
        ...

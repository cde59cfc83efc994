"""The executor of one worker: this very process and thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from linemill.executors.task import Task, Worked
from linemill.executors.work import work
from linemill.pipeline import Pipeline


class InlineExecutor:
    """Does a task at once, when it is submitted.

    Args:
        pipeline: The checked pipeline.
        tick: Called after every block; may raise to stop.
    """

    capacity = 1

    def __init__(self, pipeline: Pipeline, tick: Callable[[], None]) -> None:
        self._pipeline = pipeline
        self._tick = tick
        self._reached = 0

    def submit(self, task: Task) -> Future[Worked]:
        """Do the task; what it raises, this raises."""
        future: Future[Worked] = Future()
        future.set_result(work(self._pipeline, task, self._step))
        self._reached = 0
        return future

    def reached(self) -> int:
        """Tell the raw bytes read of the task in hand."""
        return self._reached

    def look(self) -> None:
        """Nothing can be lost."""

    def close(self) -> None:
        """Nothing is left running."""

    def _step(self, reached: int) -> None:
        self._reached = reached
        self._tick()

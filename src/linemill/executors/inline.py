"""The executor of one worker: this very process and thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from linemill.errors import LinemillError
from linemill.executors.contract import Standing
from linemill.executors.places import Chains, Ends
from linemill.executors.task import Task, Worked
from linemill.executors.work import Placed, work_all
from linemill.pipeline import Pipeline


class InlineExecutor:
    """Works on a group at once, when it is submitted. What a processor does to its process, it does to this one.

    Args:
        pipeline: The checked pipeline.
        tick: Called after every block; may raise to stop.
    """

    capacity = 1

    def __init__(self, pipeline: Pipeline, tick: Callable[[], None]) -> None:
        self._pipeline = pipeline
        self._tick = tick
        self._reached = 0
        self._chains = Chains()
        self._ends = Ends([0] * Ends.length(len(pipeline.outputs)), len(pipeline.outputs))

    def submit(self, tasks: Sequence[Task]) -> Future[list[Worked | LinemillError]]:
        """Work on the tasks; what `tick` raises, this raises."""
        group = [Placed(task, self._chains.place(task)) for task in tasks]
        future: Future[list[Worked | LinemillError]] = Future()
        future.set_result(work_all(self._pipeline, group, self._ends, lambda index: None, self._step))
        self._reached = 0
        return future

    def reached(self) -> int:
        """Tell the raw bytes read of the group in hand."""
        return self._reached

    def look(self) -> None:
        """Nothing can be lost."""

    def standing(self, longer_than_s: float) -> list[Standing]:
        """Nobody could ask while it stands still."""
        return []

    def close(self, timeout_s: float = 0) -> None:
        """Nothing is left running."""

    def _step(self, reached: int) -> None:
        self._reached = reached
        self._tick()

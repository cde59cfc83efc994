"""The contract of an executor: something that runs tasks, here or elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple, Protocol

from linemill.errors import LinemillError
from linemill.executors.task import Task, Worked


class Standing(NamedTuple):
    """That a worker stands still in a node.

    Attributes:
        task: What it has in hand.
        node: The node's name.
        for_s: For how long, in seconds.
    """

    task: Task
    node: str
    for_s: float


class Executor(Protocol):
    """Runs tasks of one pipeline, in groups. Used from one thread.

    Attributes:
        capacity: Groups that it is worth to have submitted at a time.
    """

    capacity: int

    def submit(self, tasks: Sequence[Task]) -> Future[list[Worked | LinemillError]]:
        """Have a group of tasks done, in order, by one worker. Returns at once where the work is done elsewhere.

        All files of a group are synced, once, when its last task has been worked; those of spans are not.

        Returns:
            For each task what came of it. An error stands for one whose work could not be reported: what it wrote is worth
            nothing. Codes: `worker_died`, `stalled` and `memory` for the task that was in hand when its worker was lost;
            `undone` for the others of its group, which are not to blame and may be worked again.
        """
        ...

    def reached(self) -> int:
        """Tell the raw bytes read so far by groups that have not ended."""
        ...

    def look(self) -> None:
        """Look after what has been submitted; called a few times a second while any of it has not ended."""
        ...

    def standing(self, longer_than_s: float) -> list[Standing]:
        """Tell which workers have not come on for longer than this, within one block and one node; asked as often as `look`."""
        ...

    def close(self, timeout_s: float = 0) -> None:
        """End, whatever still runs, after it had this long to end by itself; 0 ends it at once.

        Groups that have not ended get `undone` for all of their tasks.
        """
        ...

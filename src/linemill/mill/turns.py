"""Whose turn it is: groups of small files and tasks of large ones, so that neither waits for all of the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from linemill.catalog.records import Commit
from linemill.errors import LinemillError
from linemill.executors.contract import Executor
from linemill.executors.task import Task
from linemill.mill.job import Job, Place
from linemill.pipeline import Pipeline

SMALL_BYTES = 256 * 2**10
"""Files up to this are worked in groups."""

GROUP_FILES = 100
GROUP_BYTES = 4 * 2**20
"""No group has more files, nor takes one more once it has so many bytes."""


@dataclass(frozen=True, slots=True)
class Works:
    """A version of the pipeline, ready to work.

    Attributes:
        pipeline: The checked pipeline.
        version_id: Its row in the catalog.
        executor: Runs its tasks.
        place: Where its outputs go.
    """

    pipeline: Pipeline
    version_id: int
    executor: Executor
    place: Place


@dataclass(slots=True, eq=False)
class InHand:
    """A job and how far it is.

    Attributes:
        job: The job.
        works: What works on it.
        tasks: The tasks that have not been given out.
        running: Tasks that have been given out and have not ended.
        is_staged: Its folders are there.
        is_given_out: No more tasks will come.
        outcome: What it has come to; None until then.
    """

    job: Job
    works: Works
    tasks: Iterator[Task]
    running: int = 0
    is_staged: bool = False
    is_given_out: bool = False
    outcome: Commit | LinemillError | None = None


class Turns:
    """Files that wait for workers.

    Args:
        free: Tells how many groups can be handed out for a version of the pipeline.
        stage: Makes a file ready to be worked; tells whether it may be.
        on_given_out: Told of every file that has no more tasks.
    """

    def __init__(
        self, free: Callable[[Works], int], stage: Callable[[InHand], bool], on_given_out: Callable[[InHand], None]
    ) -> None:
        self._free = free
        self._stage = stage
        self._on_given_out = on_given_out
        self._small: deque[InHand] = deque()
        self._large: deque[InHand] = deque()
        self._is_large_ones_turn = False

    def __len__(self) -> int:
        return len(self._small) + len(self._large)

    @property
    def bytes(self) -> int:
        """How many bytes the waiting files have."""
        return sum(max(0, one.job.claim.size) for one in (*self._small, *self._large))

    def add(self, one: InHand) -> None:
        """Let a file wait for its turn."""
        (self._small if 0 <= one.job.claim.size <= SMALL_BYTES else self._large).append(one)

    def clear(self) -> None:
        """Let nothing wait any more."""
        self._small.clear()
        self._large.clear()

    def next(self) -> tuple[Works, list[tuple[InHand, Task]]] | None:
        """Give what is to be handed out next, and to whom; None if nothing waits, or whose turn it is cannot be served.

        A group may be empty: its files had failed already.
        """
        if not self:
            return None
        is_large = bool(self._large) and (self._is_large_ones_turn or not self._small)
        works = (self._large if is_large else self._small)[0].works
        free = self._free(works)
        if free <= 0:
            return None
        self._is_large_ones_turn = not is_large
        return works, self._task_of_large() if is_large else self._group(works, free)

    def _task_of_large(self) -> list[tuple[InHand, Task]]:
        """Take the next task of the first large file."""
        one = self._large[0]
        if one.is_staged or self._stage(one):
            task = next(one.tasks, None)
            if task is not None:
                one.running += 1
                if task.span is None:
                    self._large.popleft()
                    self._on_given_out(one)
                return [(one, task)]
            self._on_given_out(one)
        self._large.popleft()
        return []

    def _group(self, works: Works, free: int) -> list[tuple[InHand, Task]]:
        """Take small files together: as many as make an even share of those that wait."""
        group: list[tuple[InHand, Task]] = []
        share = min(-(-len(self._small) // free), GROUP_FILES)
        size = 0
        while self._small and self._small[0].works is works and len(group) < share and size < GROUP_BYTES:
            one = self._small.popleft()
            if not self._stage(one):
                continue
            for task in one.tasks:  # one, or none where the file has failed already
                one.running += 1
                group.append((one, task))
                size += one.job.claim.size
            self._on_given_out(one)
        return group

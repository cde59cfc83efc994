"""A worker process, from outside."""

from __future__ import annotations

import os
import pickle
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from ctypes import c_uint64
from dataclasses import dataclass, field
from multiprocessing.context import SpawnContext
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from typing import Any

from linemill.errors import LinemillError, WorldError
from linemill.executors.task import Task, Worked
from linemill.executors.work import Placed
from linemill.executors.worker import BEATS, IN_HAND, NODE, REACHED, SHARED, Setup, serve
from linemill.files import shown

Reason = Callable[[Task], WorldError]
"""Says why a worker was ended, of the task that it had in hand."""


@dataclass(slots=True, eq=False)
class Group:
    """Tasks that have been submitted together.

    Attributes:
        tasks: What to do.
        outcome: What the caller holds.
        losses: Workers that were lost before they began with it.
    """

    tasks: list[Placed]
    outcome: Future[list[Worked | LinemillError]] = field(default_factory=Future)
    losses: int = 0


class WorkerProcess:
    """Starts a worker process, gives it work and hears what came of it.

    Args:
        context: Makes processes.
        setup: What it is told.
        ends: Memory for the places of spans, which all workers share.

    Attributes:
        connection: Becomes readable when there is something to hear, or the process has ended.
        sentinel: Becomes readable when the process has ended.
        is_up: It has loaded the pipeline.
        group: What it works on.
        reason: Why it was ended.

    Raises:
        OSError: The system has no room for another process.
    """

    def __init__(self, context: SpawnContext, setup: Setup, ends: Any) -> None:
        self.is_up = False
        self.group: Group | None = None
        self.reason: Reason | None = None
        self._shared: Any = RawArray(c_uint64, SHARED)
        self._moved: tuple[int, float] = (0, time.monotonic())
        self._stood: tuple[int, int, float] = (0, 0, time.monotonic())
        self.connection, theirs = context.Pipe()
        try:
            self._process = context.Process(target=serve, args=(theirs, setup, self._shared, ends), name="linemill-worker")
            self._process.start()
        except BaseException:
            self.connection.close()
            raise
        finally:
            theirs.close()
        self._pid = self._process.pid
        assert self._pid is not None
        # What a processor has started may live on, and hold the pipe open by which multiprocessing would hear of the end.
        self._pidfd: int | None = None
        with suppress(AttributeError, OSError):  # not Linux, or a sandbox
            self._pidfd = os.pidfd_open(self._pid)
        self.sentinel = self._process.sentinel if self._pidfd is None else self._pidfd

    def take(self, group: Group) -> None:
        """Note what it is to do next; its clock begins anew."""
        self._shared[IN_HAND] = self._shared[REACHED] = self._shared[NODE] = 0
        self._moved = (self._shared[BEATS], time.monotonic())
        self.group = group

    def send(self, group: Group) -> None:
        """Have it begin."""
        with suppress(OSError):  # it has ended, and that will be noticed
            self.connection.send_bytes(pickle.dumps(group.tasks))

    def hear(self) -> object:
        """Take what it says: None when it is up, the results of its group, or an error that nobody foresaw.

        Raises:
            EOFError: It has ended.
            OSError: The same.
        """
        return pickle.loads(self.connection.recv_bytes())

    def in_hand(self) -> int | None:
        """Tell the index of the task in hand; None if it has not begun with its group."""
        index: int = self._shared[IN_HAND]
        return index - 1 if index else None

    def reached(self) -> int:
        """Tell the raw bytes read of its group."""
        return int(self._shared[REACHED])

    def still_s(self) -> float:
        """Tell for how long nothing has moved, in seconds."""
        beats, now = self._shared[BEATS], time.monotonic()
        if beats != self._moved[0]:
            self._moved = (beats, now)
        return now - self._moved[1]

    def in_node(self) -> tuple[int, float]:
        """Tell which node has the word, by its place in the pipeline, from 1 (0 for none), and for how long it has, in seconds.

        As far as it can be seen from outside: as often as this is asked.
        """
        beats, place, now = self._shared[BEATS], self._shared[NODE], time.monotonic()
        if (beats, place) != self._stood[:2]:
            self._stood = (beats, place, now)
        return place, now - self._stood[2]

    def memory(self) -> int:
        """Tell the bytes of memory that it has; 0 where the system does not say."""
        try:
            return int(Path(f"/proc/{self._pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            return 0

    def kill(self, reason: Reason | None = None) -> None:
        """End it at once."""
        self.reason = self.reason or reason
        self._process.kill()

    def over(self) -> Reason:
        """Take leave of a process that has ended, or is about to, and tell why."""
        self._process.join(1)
        if self._process.exitcode is None:  # it closed its connection: nothing more can be heard of it
            self._process.kill()
            self._process.join()
        self.connection.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
        code = self._process.exitcode
        with suppress(ValueError):  # somebody else was told that it has ended, so we were not
            self._process.close()
        return self.reason or (lambda task: died(task, code))


def died(task: Task, code: int | None) -> WorldError:
    """Say that a worker process ended by itself."""
    return WorldError(
        f"the worker process {_ended(code)} while it worked on the file",
        _where(task),
        "a processor, or a library that it calls, crashes or ends the process, or memory ran out",
        code="worker_died",
    )


def stalled(task: Task, seconds: float) -> WorldError:
    """Say that a worker process was ended because it stood still."""
    return WorldError(
        f"nothing moved for {seconds:g} s, and the worker process was ended",
        _where(task),
        "a processor, or what it waits for, hangs; where that may take longer, raise `workers: {stall_timeout: ...}`",
        code="stalled",
    )


def too_large(task: Task, found: int, limit: int) -> WorldError:
    """Say that a worker process was ended because it had too much memory."""
    return WorldError(
        f"the worker process had {found // 2**20:,} MiB of memory, more than the {limit // 2**20:,} MiB allowed, and was ended",
        _where(task),
        "let processors hold less, or raise `workers: {memory_limit: ...}`",
        code="memory",
    )


def _ended(code: int | None) -> str:
    if not code:
        return "died"
    return f"died (exit code {code})" if code > 0 else f"died (signal {-code}, {signal.strsignal(-code)})"


def _where(task: Task) -> str:
    return shown(task.path or task.name)

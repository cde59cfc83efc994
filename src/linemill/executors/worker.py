"""A worker process, from inside: it loads the pipeline, then does one group of tasks after another."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from linemill.engine.memory import out_of_memory
from linemill.errors import LinemillError, WorldError
from linemill.executors.places import Ends
from linemill.executors.prints import lossy_prints
from linemill.executors.task import Worked
from linemill.executors.work import Placed, work_all
from linemill.files import shown
from linemill.pipeline import Pipeline, load

IN_HAND, REACHED, BEATS, NODE, SHARED = range(5)
"""What a worker tells while it works, in memory that is shared: the index of the task in hand, from 1 (0 before the first); the
raw bytes read of its group; how often it told any of these; which node has the word, by its place in the pipeline, from 1 (0 for
none); and how many numbers these are."""

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Setup:
    """What all workers of an executor are told when they begin.

    Attributes:
        path: The pipeline file.
        text: What it said when it was checked.
        digest: What it and its sources came to then; None not to ask.
        outputs: How many outputs it has.
        memory_limit: Most bytes of data a worker may have; None for any number.
    """

    path: Path
    text: str
    digest: str | None
    outputs: int
    memory_limit: int | None


def serve(connection: Connection, setup: Setup, shared: Any, ends: Any) -> None:
    """Work until the other end of the connection is closed, or its process ends. What a new process runs."""
    _heed_no_signals()
    _end_with_parent()
    lossy_prints()
    told = _Told(shared)
    places = Ends(ends, setup.outputs)
    pipeline = _loaded(setup)
    if setup.memory_limit is not None:
        _limit_memory(setup.memory_limit)
    connection.send_bytes(pickle.dumps(None))
    while True:
        try:
            group: list[Placed] = pickle.loads(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)  # not the way of an ordinary end: it would wait for threads that processors have left
        answer: object
        try:
            answer = _done(pipeline, group, places, told)
        except KeyboardInterrupt:  # from a processor: nobody else can
            traceback.print_exc()
            os._exit(1)
        except Exception as error:
            error.add_note("in a worker process:\n" + traceback.format_exc())
            answer = error
        with contextlib.suppress(BrokenPipeError):
            connection.send_bytes(_pickled(answer))


def lost(tasks: Sequence[object], index: int | None = None, error: LinemillError | None = None) -> list[Worked | LinemillError]:
    """Say of a group whose work was lost what that means for each of its tasks; one may be to blame, with an error."""
    undone = WorldError("the work was lost, for no fault of this file", hint="try again", code="undone")
    return [error if at == index and error is not None else undone for at in range(len(tasks))]


class _Told:
    """What this worker tells while it works."""

    def __init__(self, shared: Any) -> None:
        self._shared = shared

    @property
    def index(self) -> int:
        """Index of the task in hand."""
        return max(0, int(self._shared[IN_HAND]) - 1)

    def begins(self, index: int) -> None:
        self._shared[IN_HAND] = index + 1
        self._shared[BEATS] += 1

    def reached(self, count: int) -> None:
        self._shared[REACHED] = count
        self._shared[BEATS] += 1

    def enters(self, place: int) -> None:
        self._shared[NODE] = place


def _done(pipeline: Pipeline | LinemillError, group: list[Placed], places: Ends, told: _Told) -> list[Worked | LinemillError]:
    if isinstance(pipeline, LinemillError):
        return [pipeline] * len(group)
    try:
        return work_all(pipeline, group, places, told.begins, told.reached, told.enters)
    except MemoryError:
        return lost(group, told.index, out_of_memory(shown(group[told.index].task.name)))


def _pickled(answer: object) -> bytes:
    try:
        return pickle.dumps(answer)
    except Exception as error:
        return pickle.dumps(RuntimeError(f"{type(answer).__name__} cannot be told: {error!r}; {answer!r}"))


def _loaded(setup: Setup) -> Pipeline | LinemillError:
    """Load the pipeline, as it was checked; or say why it cannot be."""
    try:
        pipeline = load(setup.path)
        if pipeline.text == setup.text and (setup.digest is None or setup.digest == _digest(pipeline)):
            return pipeline
    except MemoryError:
        return out_of_memory(shown(setup.path))
    except LinemillError as error:
        return error
    return WorldError(
        "the pipeline, or the code of a processor, was changed after it was checked",
        shown(setup.path),
        "run again",
        code="pipeline_changed",
    )


def _digest(pipeline: Pipeline) -> str:
    from linemill.pipeline import version_of

    return version_of(pipeline).digest


def _limit_memory(limit: int) -> None:
    """Have the system refuse more memory, so that whoever asks for it gets an error that can be told."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard == resource.RLIM_INFINITY or limit <= hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _heed_no_signals() -> None:
    """Leave Ctrl-C, which a terminal sends to all its processes, and an end that a service manager asks of them, to the parent.

    Not ignored, which would be handed on to what processors start: a handler is not.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})


def _end_with_parent() -> None:
    """End when the parent does, also where a processor does not let go of the interpreter (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()

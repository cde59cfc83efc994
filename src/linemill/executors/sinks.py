"""Where a task's lines and dead letters go: hidden files, open descriptors, or straight to their place in a whole file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import xxhash

from linemill.engine import DeadLetter, Results
from linemill.executors.letters import letter_line
from linemill.executors.places import Ends, Place
from linemill.executors.task import LETTERS, Task
from linemill.files import Writer, cannot_write
from linemill.files.writing import begin_storing, write_at
from linemill.pipeline import DEAD_LETTERS

HELD_BYTES = 32 * 2**20
"""What a worker keeps of a span until its place is known; with more it writes a file of its own."""


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


class _Held:
    """What a span gives to one output, kept until it is known where it goes."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self._checksum = xxhash.xxh3_64()

    def write(self, data: bytes) -> None:
        self.data.append(data)
        self._checksum.update(data)

    def write_to(self, path: Path, start: int) -> tuple[int, str]:
        """Write it all into a file, made if it is not there, from `start` on; give its length and checksum."""
        position = start
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
            try:
                for data in self.data:
                    write_at(descriptor, data, position)
                    position += len(data)
                # 1 GB: the sync at the end took 0.3 to 0.8 s in place of 1.1 s.
                begin_storing(descriptor, start, position - start)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise cannot_write(error, "staged", path) from error
        return position - start, self._checksum.hexdigest()


class Sinks:
    """Takes what comes of a task. To be finished when all has been taken; leaving it closes what is open.

    Args:
        task: The task.
        place: How its place in the whole files is found; None to write files of its own in any case.
        ends: Where that is said.

    Attributes:
        letters: The first `LETTERS` dead letters.
        starts: Where in the whole files the lines were put; None if they are in the task's own files.
    """

    def __init__(self, task: Task, place: Place | None = None, ends: Ends | None = None) -> None:
        self.letters: list[DeadLetter] = []
        self.starts: Mapping[str, int] | None = None
        self._task = task
        self._place = place
        self._ends = ends
        self._names = sorted(name for name, path in task.outputs.items() if isinstance(path, Path))
        self._stack = ExitStack()
        self._writers: dict[str, Writer] = {}
        self._held: dict[str, _Held] = {}
        self._outputs: dict[str, _Sink] = {}
        self._sizes = dict.fromkeys(task.outputs, 0)
        self._placed: dict[str, tuple[int, str]] = {}

    def __enter__(self) -> Sinks:
        with ExitStack() as self._stack:
            self._outputs |= {name: _Stream(path) for name, path in self._task.outputs.items() if isinstance(path, int)}
            if self._place is None:
                self._open_own()
            else:
                self._held = {name: _Held() for name in self._names}
                self._outputs |= self._held
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        if kind is not None:
            self._tell([])
        self._stack.__exit__(kind, *error)

    def take(self, results: Results) -> None:
        """Take what came of a block."""
        for name, rendered in results.outputs.items():
            if rendered.data:
                self._outputs[name].write(rendered.data)
                self._sizes[name] += len(rendered.data)
        if self._held and sum(self._sizes.values()) > HELD_BYTES:
            self._open_own()
        for letter in results.dead:
            if len(self.letters) < LETTERS:
                self.letters.append(letter)
            if DEAD_LETTERS not in self._writers:
                self._open(DEAD_LETTERS, self._task.dead)
            self._writers[DEAD_LETTERS].write(letter_line(letter, self._task.name))

    def finish(self) -> None:
        """Find the place of a span, tell where the next one begins, and put the lines there."""
        place, whole = self._place, self._task.whole
        if place is None or whole is None:
            return
        assert self._ends is not None
        starts = place.starts
        if starts is None and place.before is not None:
            starts = dict(zip(self._names, self._ends.wait(place.before), strict=False))
        if not starts:
            self._tell([])
            self._open_own()
            return
        self._tell([starts[name] + self._sizes[name] for name in self._names])
        if self._held:
            for name, held in self._held.items():
                self._placed[name] = held.write_to(whole[name], starts[name])
            self.starts = {name: starts[name] for name in self._names}

    def pieces(self) -> dict[str, tuple[int, str]]:
        """Tell length and checksum of what was written, by output name; to be asked when it has been left."""
        return self._placed | {name: writer.piece for name, writer in self._writers.items()}

    def _tell(self, ends: list[int]) -> None:
        if self._place is not None and self._ends is not None:
            self._ends.tell(self._place.number, ends)

    def _open_own(self) -> None:
        """Make the task's own files, and write to them what was held."""
        held, self._held = self._held, {}
        for name in self._names:
            path = self._task.outputs[name]
            assert isinstance(path, Path)
            writer = self._outputs[name] = self._open(name, path)
            for data in held[name].data if held else ():
                writer.write(data)

    def _open(self, name: str, path: Path) -> Writer:
        writer = self._writers[name] = self._stack.enter_context(Writer(path, is_part=self._task.span is not None))
        return writer

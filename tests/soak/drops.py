"""What arrives in the soak: files of all sizes and names, some written slowly, some replaced or deleted before they are taken.

Every file with anything in it is unlike all others, and its content follows from its number, so that nothing needs to be kept.
"""

from __future__ import annotations

import fcntl
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

NAMES = [
    *(f"app{number}.log" for number in range(12)),
    "line\nbreak.log",
    os.fsdecode(b"latin-\xe9.log"),
    os.fsdecode(b"\xff\xfe"),
    "n" * 251 + ".log",
    "é" * 127,
    " blanks around ",
    "app1~2.log",
    "{date}.{name}",
    "-p",
    "~x",
    "a.b.c.gz",
    "\x1b[31mred\x07.log",
    "back\\slash\\n.log",
    "📄.log",
]

SIZES = [(40, 0, 2_000), (35, 2_000, 100_000), (12, 100_000, 1_000_000), (2, 1_000_000, 20_000_000), (8, 0, 0)]
"""How many in a hundred have from how many to how many bytes; what is missing is a burst of small ones."""

HOLD_S = 2.5
"""Longest pause of a slow writer, where the kernel tells that it holds the file open."""

SHORT_HOLD_S = 0.4
"""The same where it cannot tell, and holding still for a second means that a file is complete."""


class Fate(Enum):
    """What must become of a file that was dropped."""

    TAKEN = auto()
    GONE = auto()
    """It was deleted or replaced before anybody took it."""


@dataclass
class Drop:
    """A file that arrived.

    Attributes:
        number: Tells it apart; the first word of each of its lines.
        name: Its name.
        size: About its bytes; 0 for an empty one.
        kills: Whether it kills the worker that first works on it.
        fate: What must become of it.
    """

    number: int
    name: str
    size: int
    kills: bool = False
    fate: Fate = Fate.TAKEN

    def content(self) -> bytes:
        """Make its content."""
        if not self.size:
            return b""
        mark = f"file-{self.number:06}"
        block = "".join(f"{mark} {self.number * 31 + line} {'beta' if line % 7 == 0 else 'alpha'}\n" for line in range(97))
        block += f"{mark} omega\n" if self.number % 5 == 0 else ""
        data = (block * (self.size // len(block) + 1))[: self.size].encode()
        data = data[: data.rfind(b"\n") + 1] or f"{mark}\n".encode()
        return data + (f"{mark} kill\n".encode() if self.kills else b"")


@dataclass
class _Writing:
    """A slow writer at work."""

    descriptor: int
    rest: bytes
    next_at: float


class Dropper:
    """Lets files arrive. Used from one thread, which calls `step` often.

    Args:
        inbox: Where; on one file system with its parent.
        dice: Decide everything.

    Attributes:
        drops: All that arrived.
    """

    def __init__(self, inbox: Path, dice: random.Random) -> None:
        self.drops: list[Drop] = []
        self._inbox = inbox
        self._dice = dice
        self._hold_s = HOLD_S if _kernel_tells(inbox.parent) else SHORT_HOLD_S
        self._writing: dict[str, _Writing] = {}
        self._last: dict[str, Drop] = {}
        self._next_at = 0.0

    def step(self, now: float) -> None:
        """Do what is due: write on, and now and then let something arrive or take it away."""
        self._write_on(now)
        if now < self._next_at:
            return
        self._next_at = now + self._dice.expovariate(5)
        chance = self._dice.random()
        if chance < 0.06:
            self._delete()
        elif chance < 0.16:
            self._replace()
        elif chance < 0.28:
            self._begin_writing(now)
        elif chance < 0.31:
            for number in range(self._dice.randrange(20, 150)):
                self._arrive(self._new(f"burst{number}.log", self._dice.randrange(400)))
        else:
            self._arrive(self._new(self._dice.choice(NAMES), self._size()))

    def finish(self) -> None:
        """Let the slow writers come to their ends."""
        while self._writing:
            self._write_on(time.monotonic())
            time.sleep(0.02)

    def _size(self) -> int:
        _, low, high = self._dice.choices(SIZES, weights=[size[0] for size in SIZES])[0]
        return self._dice.randint(low, high)

    def _new(self, name: str, size: int) -> Drop:
        drop = Drop(len(self.drops), name, size, kills=size > 0 and self._dice.random() < 0.004)
        self.drops.append(drop)
        return drop

    def _arrive(self, drop: Drop) -> None:
        """Rename a complete file into the inbox, over whatever has its name there."""
        if drop.name in self._writing:
            drop.fate = Fate.GONE  # never sent: what somebody writes is not replaced, or its writer would write to nowhere
            return
        aside = self._inbox.parent / "arriving"
        aside.write_bytes(drop.content())
        before = self._look(drop.name)
        os.rename(aside, self._inbox / drop.name)
        if before is not None:
            # Without a name, it was there to be replaced; with one, somebody had taken it a moment before.
            if os.fstat(before).st_nlink == 0:
                self._last[drop.name].fate = Fate.GONE
            os.close(before)
        self._last[drop.name] = drop

    def _replace(self) -> None:
        waiting = [name for name in os.listdir(self._inbox) if name in self._last and name not in self._writing]
        if waiting:
            self._arrive(self._new(self._dice.choice(waiting), self._size()))

    def _delete(self) -> None:
        waiting = [name for name in os.listdir(self._inbox) if name in self._last and name not in self._writing]
        if waiting:
            name = self._dice.choice(waiting)
            with suppress(FileNotFoundError):
                os.unlink(self._inbox / name)
                self._last[name].fate = Fate.GONE

    def _begin_writing(self, now: float) -> None:
        name = self._dice.choice(NAMES)
        if name in self._writing:
            return
        try:
            descriptor = os.open(self._inbox / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return
        drop = self._new(name, max(1, self._size()))
        self._last[name] = drop
        self._writing[name] = _Writing(descriptor, drop.content(), now + self._dice.uniform(0, self._hold_s))

    def _write_on(self, now: float) -> None:
        for name, writing in list(self._writing.items()):
            if now < writing.next_at:
                continue
            step = self._dice.randint(1, len(writing.rest))
            os.write(writing.descriptor, writing.rest[:step])
            writing.rest = writing.rest[step:]
            writing.next_at = now + self._dice.uniform(0, self._hold_s)
            if not writing.rest or len(writing.rest) < 100:
                os.write(writing.descriptor, writing.rest)
                os.close(writing.descriptor)
                del self._writing[name]

    def _look(self, name: str) -> int | None:
        try:
            return os.open(self._inbox / name, os.O_RDONLY)
        except FileNotFoundError:
            return None


def lines_of(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give each line with the mark of the file that it comes from."""
    for line in data.splitlines(keepends=True):
        yield line.split(maxsplit=1)[0], line


def _kernel_tells(folder: Path) -> bool:
    """Tell whether a file that somebody writes to can be told from one that nobody does."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    probe = folder / "probe"
    try:
        probe.touch()
        descriptor = os.open(probe, os.O_RDONLY)
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        finally:
            os.close(descriptor)
    except OSError:
        return False
    else:
        return True
    finally:
        probe.unlink(missing_ok=True)
        signal.signal(signal.SIGIO, before)

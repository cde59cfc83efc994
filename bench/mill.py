"""The real mill, `linemill watch`, as a process of its own over a folder of its own; what it takes is told from outside."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from bench.changes import Changes
from bench.measure import Measured, ended

PIPELINES = Path(__file__).resolve().parent / "pipelines"
STANDS_STILL_S = 120.0
"""A mill that does nothing for so long while files are there is broken."""

AT_ONCE_S = 0.005
"""Events are read together that come within this time, so that reading them does not take the mill's time."""


class MillFailed(Exception):
    """The mill ended, or stood still, or ended with another code than 0."""


class Mill:
    """A running mill; stopped at the end of the `with` block if it is not before.

    Attributes:
        folder: Where its pipeline file lies.
        start: What `time.perf_counter` said just before it was started.
        process: `linemill watch`.

    Args:
        folder: As above.
        dashboard: The dashboard's options.
    """

    def __init__(self, folder: Path, dashboard: Sequence[str] = ("--no-web",)) -> None:
        self.folder = folder
        self._said = (folder / "said.txt").open("wb")
        self.start = time.perf_counter()
        command = [sys.executable, "-m", "linemill", "watch", "--pipeline", str(folder / "pipeline.yaml"), *dashboard]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._said, stderr=subprocess.STDOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.returncode is None:
            self.process.kill()
            ended(self.process, self.start)
        self._said.close()

    def stop(self) -> Measured:
        """Ask the mill to stop and wait until it has; say what it took.

        Raises:
            MillFailed: It ended with another code than 0.
        """
        self.process.send_signal(signal.SIGTERM)
        measured = ended(self.process, self.start)
        if self.process.returncode != 0:
            raise MillFailed(f"linemill watch ended with {self.process.returncode}:\n{self.said()}")
        return measured

    def said(self) -> str:
        """Give the end of what it printed."""
        return (self.folder / "said.txt").read_bytes()[-4000:].decode(errors="replace")

    def wait_until_it_watches(self) -> None:
        """Wait until it says that it does.

        Raises:
            MillFailed: It did not for too long.
        """
        until = time.monotonic() + STANDS_STILL_S
        while b"Watching " not in (self.folder / "said.txt").read_bytes():
            self._hold_alive(until)
            time.sleep(AT_ONCE_S)

    def port(self) -> int:
        """Give the port of its dashboard, waiting until it says so.

        Raises:
            MillFailed: It did not for too long.
        """
        until = time.monotonic() + STANDS_STILL_S
        while not (
            found := re.search(r"Dashboard on http://[^ ]*:(\d+)", (self.folder / "said.txt").read_text(errors="replace"))
        ):
            self._hold_alive(until)
            time.sleep(AT_ONCE_S)
        return int(found[1])

    def wait_for(self, changes: Changes, count: int) -> None:
        """Wait until that many names have been told.

        Raises:
            MillFailed: Nothing happened for too long.
        """
        told = 0
        while told < count:
            told += len(self.next_names(changes))
            if told < count:
                time.sleep(AT_ONCE_S)

    def wait_for_one(self, changes: Changes) -> float:
        """Wait for a name; give what `time.perf_counter` said then.

        Raises:
            MillFailed: Nothing happened for too long.
        """
        self.next_names(changes)
        return time.perf_counter()

    def next_names(self, changes: Changes) -> list[str]:
        """Wait for the next names.

        Raises:
            MillFailed: Nothing happened for too long.
        """
        until = time.monotonic() + STANDS_STILL_S
        while not (names := changes.names(1.0)):
            self._hold_alive(until)
        return names

    def cpu_s(self) -> float:
        """Tell the processor time that it and its workers have had so far, in seconds."""
        stats = [_stat(process) for process in Path("/proc").iterdir() if process.name.isdigit()]
        family = {self.process.pid}
        while more := {stat.pid for stat in stats if stat.parent in family} - family:
            family |= more
        return sum(stat.ticks for stat in stats if stat.pid in family) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, what: str = "VmRSS") -> float:
        """Tell the resident memory of the mill's own process, in MB (10^6 bytes); with `VmHWM` its highest."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(f"{what}:"))
        return int(line.split()[1]) * 1024 / 1e6

    def _hold_alive(self, until: float) -> None:
        if os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            raise MillFailed(f"linemill watch ended by itself:\n{self.said()}")
        if time.monotonic() > until:
            raise MillFailed(f"linemill watch stood still:\n{self.said()}")


class _Stat(NamedTuple):
    pid: int
    parent: int
    ticks: int


def _stat(process: Path) -> _Stat:
    try:
        text = (process / "stat").read_text()
    except OSError:  # it has just ended
        return _Stat(0, 0, 0)
    fields = text.rpartition(")")[2].split()
    return _Stat(int(process.name), int(fields[1]), int(fields[11]) + int(fields[12]))


def lay_pipeline(folder: Path, name: str, workers: int) -> None:
    """Make a folder for a mill: the pipeline of that name, its processors, and the folders of `watch`."""
    for each in ("inbox", "processed", "out"):
        (folder / each).mkdir(parents=True)
    shutil.copy(PIPELINES / "steps.py", folder)
    text = (PIPELINES / f"{name}.yaml").read_text(encoding="utf-8")
    (folder / "pipeline.yaml").write_text(f"{text}workers: {{count: {workers}}}\n", encoding="utf-8")

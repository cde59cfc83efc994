"""Run one whole command and say what it took: time on the clock, processor time, and the peak memory of its largest process."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PR_SET_CHILD_SUBREAPER = 36  # Linux, <sys/prctl.h>


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command took, its start and all its processes included.

    Attributes:
        wall_s: From just before its start until it ended.
        cpu_s: Processor time, user and system, of all its processes.
        peak_mb: Resident memory of the largest of its processes at its highest, in MB (10^6 bytes).
    """

    wall_s: float
    cpu_s: float
    peak_mb: float


def in_turn(cases: Iterable[T], number: int) -> list[T]:
    """Give what is compared in the order of a round: there, and back again in the next.

    So what grows with time, and what each leaves to the one after it, does not always hit the same.

    Args:
        cases: What is compared.
        number: Of the round, from 0.
    """
    there = list(cases)
    return there[::-1] if number % 2 else there


class CommandFailed(Exception):
    """The command ended with another code than 0."""


def adopt_orphans() -> None:
    """Make this process the parent of processes whose own parent ended first, so that none escapes the accounts.

    Raises:
        OSError: The kernel is older than Linux 3.4 or not Linux.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot adopt orphans")


def measure(command: Sequence[str], cwd: Path) -> Measured:
    """Run the command to its end.

    The kernel adds the accounts of a process that was waited for to its parent's (memory as a maximum), so one `wait4` speaks
    for the whole tree; processes that were left behind come to us as orphans and are counted too. `adopt_orphans` first.
    A process starts with its parent's peak, so ours must stay small: nothing here may hold a file in memory.

    Raises:
        CommandFailed: It ended with another code than 0; says what it printed.
    """
    with tempfile.TemporaryFile() as printed:
        os.sync()  # the writes of the command before must not slow this one down
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT)
        measured = ended(process, start)
        if process.returncode != 0:
            printed.seek(0)
            text = printed.read(10_000).decode(errors="replace")
            raise CommandFailed(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    return measured


def ended(process: subprocess.Popen[bytes], start: float) -> Measured:
    """Wait until a process, and whatever it left behind, has ended; say what it took.

    Args:
        process: Started by us.
        start: What `time.perf_counter` said when it was started.
    """
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu_s, peak_kib = usage.ru_utime + usage.ru_stime, usage.ru_maxrss
    for orphan in _orphans():
        cpu_s += orphan.ru_utime + orphan.ru_stime
        peak_kib = max(peak_kib, orphan.ru_maxrss)
    return Measured(wall_s, cpu_s, peak_kib * 1024 / 1e6)


def _orphans() -> Iterator[resource.struct_rusage]:
    while True:
        try:
            yield os.wait4(-1, 0)[2]
        except ChildProcessError:
            return

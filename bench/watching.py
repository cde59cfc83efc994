"""The mill at its inbox: many small files, the time until an output is there, what it takes to wait, and memory over time."""

from __future__ import annotations

import filecmp
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import small_files
from bench.changes import Change, Changes
from bench.loops import GROWTH_BAR, PEAK_MB_BAR, OutputsDiffer
from bench.mill import Mill, lay_pipeline
from bench.report import Report

WORKERS = 2
CYCLE_BAR = 3.0
MEDIAN_MS_BAR = 20.0
P95_MS_BAR = 60.0
IDLE_PERCENT_BAR = 1.0

IDLE_S = 20.0
REST_S = 3.0
"""What a mill that was busy is given to come to rest."""

IN_THE_INBOX = 2_000
"""How many files wait in the inbox at most while memory is watched."""

GROWTH_S = 300.0
"""How long memory is watched at most."""


@dataclass(frozen=True, slots=True)
class _Round:
    """What one round took.

    Attributes:
        bare_s: The bare cycle.
        bare_cpu_s: Processor time of it.
        whole_s: The mill, from before its start until the last input was in `processed/`.
        moving_s: The same from when the first file left the inbox.
        cpu_s: Processor time of the mill and its workers.
        peak_mb: Of the largest process.
    """

    bare_s: float
    bare_cpu_s: float
    whole_s: float
    moving_s: float
    cpu_s: float
    peak_mb: float


class Watching:
    """Measures a mill of two workers whose pipeline has one node and one output; prints rows as they come.

    Args:
        report: Gets the tables.
        data: Where folders are made.
    """

    def __init__(self, report: Report, data: Path) -> None:
        self._report = report
        self._data = data

    def small(self, files: int, rounds: int) -> None:
        """Compare the mill with the bare cycle over files of 100 lines, each round in new folders."""
        with self._folder("small") as folder:
            self._round(folder / "warm", files)
            self._compare(folder / "warm", files)
            took = [self._round(folder / str(number), files) for number in range(rounds)]
        self._report.head(
            "files", "command", "wall", "files/s", "CPU", "peak of one process", "against the bare cycle", "bar", ""
        )
        bare = statistics.median(one.bare_s for one in took)
        given = f"{files} × {small_files.LINES} lines"
        bare_cpu = statistics.median(one.bare_cpu_s for one in took)
        self._report.row([given, "bare cycle", f"{bare:.2f} s", f"{files / bare:.0f}", f"{bare_cpu:.2f} s", "", "1", "", ""])
        parts: list[tuple[str, Callable[[_Round], float], float | None]] = [
            (f"watch, {WORKERS} workers", lambda one: one.whole_s, CYCLE_BAR),
            ("the same without its start", lambda one: one.moving_s, None),
        ]
        for label, seconds, bar in parts:
            wall = statistics.median(map(seconds, took))
            ratio = statistics.median(seconds(one) / one.bare_s for one in took)
            cells = [given, label, f"{wall:.2f} s", f"{files / wall:.0f}"]
            if bar is None:
                cells += ["", "", f"{ratio:.2f}", ""]
            else:
                cpu, peak = statistics.median(one.cpu_s for one in took), max(one.peak_mb for one in took)
                cells += [f"{cpu:.2f} s", f"{peak:.0f} MB", f"{ratio:.2f}", f"≤ {bar:g}"]
            self._report.row([*cells, self._report.verdict(f"{given}, {label}", ratio, bar)])

    def latency(self, times: int) -> None:
        """Measure how long an idle mill takes from a file's arrival until its output is there."""
        self._report.head("a file of 100 lines, until its output is there", "files", "median", "bar", "95 of 100", "bar", "")
        for label, arrive in (("renamed into the inbox", _rename), ("its writer closes it in the inbox", _write)):
            with self._folder("latency") as folder:
                took = sorted(self._arrivals(folder / "mill", arrive, times))
            median, late = 1000 * statistics.median(took), 1000 * took[-(-len(took) * 95 // 100) - 1]
            verdict = self._report.verdict(f"{label}, median in ms", median, MEDIAN_MS_BAR)
            if self._report.verdict(f"{label}, 95 of 100 in ms", late, P95_MS_BAR) != "kept":
                verdict = "**missed**"
            cells = [label, str(times), f"{median:.1f} ms", f"≤ {MEDIAN_MS_BAR:g} ms", f"{late:.1f} ms", f"≤ {P95_MS_BAR:g} ms"]
            self._report.row([*cells, verdict])

    def idle(self) -> None:
        """Measure the processor time of a mill that waits, with all its workers up."""
        with self._folder("idle") as folder, self._started(folder / "mill") as mill:
            with Changes(mill.folder / "processed", Change.CAME) as processed:
                small_files.lay(str(mill.folder / "inbox"), range(100))
                mill.wait_for(processed, 100)
            time.sleep(REST_S)
            before, start = mill.cpu_s(), time.perf_counter()
            time.sleep(IDLE_S)
            percent = 100 * (mill.cpu_s() - before) / (time.perf_counter() - start)
            mill.stop()
        self._report.head("a mill that waits", "for", "CPU, of one core", "bar", "")
        verdict = self._report.verdict("CPU of an idle mill in percent", percent, IDLE_PERCENT_BAR)
        self._report.row([f"watch, {WORKERS} workers", f"{IDLE_S:g} s", f"{percent:.2f} %", f"≤ {IDLE_PERCENT_BAR:g} %", verdict])

    def growth(self, files: int) -> None:
        """Watch the memory of the mill's own process over so many files, fed to it as it takes them."""
        first = max(1, files // 10)
        at_first = 0.0
        done = 0
        with self._folder("growth") as folder, self._started(folder / "mill") as mill:
            with Changes(mill.folder / "processed", Change.CAME) as processed:
                laid = 0
                until = time.monotonic() + GROWTH_S
                while done < files and time.monotonic() < until:
                    more = min(files - laid, IN_THE_INBOX - (laid - done))
                    small_files.lay(str(mill.folder / "inbox"), range(laid, laid + more), lines=10)
                    laid += more
                    done += len(mill.next_names(processed))
                    if done >= first and not at_first:
                        at_first = mill.memory_mb()
            at_end, peak = mill.memory_mb(), mill.memory_mb("VmHWM")
            largest = mill.stop().peak_mb
        self._report.head("files", "memory of", "highest", "bar", f"at {first}", "at the end", "growth", "bar", "")
        verdict = self._report.verdict(f"the mill's memory over {done} files", peak, PEAK_MB_BAR)
        growth = at_end / (at_first or at_end)
        if self._report.verdict(f"growth of the mill's memory from {first} to {done} files", growth, GROWTH_BAR) != "kept":
            verdict = "**missed**"
        bar = f"≤ {PEAK_MB_BAR} MB"
        cells = [f"{peak:.0f} MB", bar, f"{at_first:.1f} MB", f"{at_end:.1f} MB", f"{growth:.2f}", f"≤ {GROWTH_BAR}"]
        self._report.row([str(done), "the mill's process", *cells, verdict])
        verdict = self._report.verdict(f"memory of the largest process over {done} files", largest, PEAK_MB_BAR)
        self._report.row([str(done), "the largest process", f"{largest:.0f} MB", bar, "", "", "", "", verdict])

    @contextmanager
    def _folder(self, name: str) -> Iterator[Path]:
        """Give a new folder, removed at the end: what is deleted in between slows down what follows."""
        folder = self._data / f"watch-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
        shutil.rmtree(folder)
        os.sync()

    @contextmanager
    def _started(self, folder: Path) -> Iterator[Mill]:
        lay_pipeline(folder, "small", WORKERS)
        with Mill(folder) as mill:
            mill.wait_until_it_watches()
            yield mill

    def _round(self, folder: Path, files: int) -> _Round:
        command = [sys.executable, small_files.__file__, str(folder / "bare"), str(files)]
        bare_s, bare_cpu_s = map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
        lay_pipeline(folder / "mill", "small", WORKERS)
        small_files.lay(str(folder / "mill" / "inbox"), range(files))
        os.sync()
        with (
            Changes(folder / "mill" / "processed", Change.CAME) as processed,
            Changes(folder / "mill" / "inbox", Change.LEFT) as inbox,
            Mill(folder / "mill") as mill,
        ):
            moving = mill.wait_for_one(inbox)
            inbox.close()
            mill.wait_for(processed, files)
            end = time.perf_counter()
            measured = mill.stop()
        return _Round(bare_s, bare_cpu_s, end - mill.start, end - moving, measured.cpu_s, measured.peak_mb)

    def _compare(self, folder: Path, files: int) -> None:
        names = [f"f{number:06d}.log" for number in range(files)]
        _, differing, missing = filecmp.cmpfiles(folder / "bare" / "out", folder / "mill" / "out", names, shallow=False)
        if differing or missing:
            raise OutputsDiffer(f"{len(differing)} outputs of the mill differ and {len(missing)} are missing; see {folder}")

    def _arrivals(self, folder: Path, arrive: Callable[[Path, int], float], times: int) -> list[float]:
        """Let files arrive one by one, at moments that have nothing to do with the mill's own times; give the seconds of each."""
        dice = random.Random("arrivals")
        took: list[float] = []
        with (
            self._started(folder) as mill,
            Changes(folder / "out", Change.CAME) as out,
            Changes(folder / "processed", Change.CAME) as processed,
        ):
            warm = 5
            for number in range(warm + times):
                time.sleep(dice.uniform(0.1, 0.4))
                start = arrive(folder, number)
                seconds = mill.wait_for_one(out) - start
                mill.wait_for_one(processed)
                if number >= warm:
                    took.append(seconds)
            mill.stop()
        return took


def _rename(folder: Path, number: int) -> float:
    """Rename a file that is complete into the inbox; give the moment just before."""
    aside = folder / "aside"
    aside.mkdir(exist_ok=True)
    small_files.lay(str(aside), range(number, number + 1))
    path = next(aside.iterdir())
    start = time.perf_counter()
    path.rename(folder / "inbox" / path.name)
    return start


def _write(folder: Path, number: int) -> float:
    """Write a file in the inbox, slowly enough that the mill sees it before it is complete; give the moment before the close."""
    with (folder / "inbox" / f"f{number:06d}.log").open("wb", buffering=0) as file:
        for _ in range(small_files.LINES // 10):
            file.write(small_files.LINE * 10)
            time.sleep(0.005)
        return time.perf_counter()  # and then the file is closed

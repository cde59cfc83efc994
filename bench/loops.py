"""Large files against the bare loop: time, processor time and memory, of `linemill run` and through the watched folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from bench.changes import Change, Changes
from bench.measure import Measured, in_turn, measure
from bench.mill import Mill, lay_pipeline
from bench.report import Report

BENCH = Path(__file__).resolve().parent
OUTPUTS = ("errors", "warnings", "general")
PEAK_MB_BAR = 150
GROWTH_BAR = 1.1  # "the same at 1 GB as at 100 MB", with room for what the allocator and the interpreter do by chance


@dataclass(frozen=True, slots=True)
class Case:
    """One way from an input to its outputs.

    Attributes:
        how: The pipeline in `bench/pipelines`, and the way of the bare loop.
        workers: Worker processes; 0 for the bare loop.
        bars: Largest ratio to the bare loop that will do, by megabytes of input; sizes without a bar are shown for comparison.
        is_watched: Through the inbox of `linemill watch`, in place of `linemill run`.
    """

    how: str
    workers: int
    bars: tuple[tuple[int, float], ...] = ()
    is_watched: bool = False

    @property
    def label(self) -> str:
        """What the table calls it."""
        if not self.workers:
            return f"{self.how}, bare loop"
        command = "watch" if self.is_watched else "run"
        return f"{self.how}, {command}, {self.workers} worker{'s' if self.workers > 1 else ''}"

    def bar(self, megabytes: int) -> float | None:
        """Give the bar at that size, None for none."""
        return dict(self.bars).get(megabytes)

    def run(self, source: Path, out: Path) -> Measured:
        """Work `source` once, from before the start of the command until the outputs are there."""
        if self.is_watched:
            return self._watched(source, out)
        out.mkdir()
        return measure(self._command(source, out), cwd=BENCH.parent)

    def output(self, name: str, source: Path, out: Path) -> Path:
        """Give the file that holds the output of that name."""
        return out / name / source.name if self.workers else out / f"{name}.log"

    def _command(self, source: Path, out: Path) -> list[str]:
        if not self.workers:
            return [sys.executable, str(BENCH / "bare_loop.py"), self.how, str(source), str(out)]
        pipeline = str(BENCH / "pipelines" / f"{self.how}.yaml")
        linemill = [sys.executable, "-m", "linemill", "run", str(source), "--pipeline", pipeline]
        return [*linemill, "--workers", str(self.workers), "--out", str(out)]

    def _watched(self, source: Path, out: Path) -> Measured:
        """Lay the file in the inbox, start the mill, and wait for the file in `processed/`; stopping is not part of the time."""
        lay_pipeline(out, self.how, self.workers)
        os.link(source, out / "inbox" / source.name)
        os.sync()
        with Changes(out / "processed", Change.CAME) as processed, Mill(out) as mill:
            wall_s = mill.wait_for_one(processed) - mill.start
            return replace(mill.stop(), wall_s=wall_s)


CASES = (
    Case("functions", 0),
    Case("functions", 1, bars=((1000, 1.1),)),
    Case("functions", 2, bars=((1000, 0.6),)),
    Case("functions", 2, bars=((1000, 0.6),), is_watched=True),
    Case("generators", 0),
    Case("generators", 1, bars=((100, 1.3), (1000, 1.3))),
)


class OutputsDiffer(Exception):
    """An output is not what it must be: whatever was measured does not count."""


class Loops:
    """Measures the cases; prints rows as they come.

    Args:
        report: Gets the tables.
        data: The folder of the inputs, and of outputs while they are needed.
        rounds: How often each case is run, after a round that warms up.
    """

    def __init__(self, report: Report, data: Path, rounds: int) -> None:
        self._report = report
        self._data = data
        self._rounds = rounds

    def speed(self, hows: list[str], sizes: list[int]) -> None:
        """Print time, ratio and memory of every case at every size."""
        cases = [case for case in CASES if case.how in hows]
        titles = ("wall", "CPU", "peak of one process", "time against the bare loop", "bar")
        self._report.head("input", "command", *titles, "")
        for size in sizes:
            source = self._data / f"app{size}.log"
            rounds = self._rounds_of(cases, source)
            for case in cases:
                took = [measured[case] for measured in rounds]
                bare = [measured[Case(case.how, 0)] for measured in rounds]
                ratio = statistics.median(ours.wall_s / theirs.wall_s for ours, theirs in zip(took, bare, strict=True))
                self._row(f"{size} MB", case, took, ratio, case.bar(size))

    def memory(self, sizes: list[int]) -> None:
        """Print the peak of the largest process for plain and compressed input, and for one line without an end."""
        titles = ("peak of one process", "bar", "against the first size", "bar")
        self._report.head("input", "command", *titles, "")
        for case in (case for case in CASES if case.workers and not case.is_watched):
            for suffix, kind in ((".log", ""), (".log.gz", ", gzip")):
                peaks = [self._peak(case, self._data / f"app{size}{suffix}") for size in sizes]
                for size, peak in zip(sizes, peaks, strict=True):
                    self._memory_row(f"{size} MB{kind}", case, peak, peak / peaks[0])
            self._memory_row("one line of 5 GB", case, self._peak(case, self._data / "nuls.log"), None)

    def _rounds_of(self, cases: list[Case], source: Path) -> list[dict[Case, Measured]]:
        wanted: dict[str, dict[str, str]] = {}
        for case in cases:
            out = self._run(case, source)[1]
            digests = {name: _digest(case.output(name, source, out)) for name in OUTPUTS}
            differing = [name for name in OUTPUTS if digests[name] != wanted.setdefault(case.how, digests)[name]]
            if differing:
                raise OutputsDiffer(f"{case.label}: {', '.join(differing)} of {source.name}; see {out}")
            shutil.rmtree(out)
        rounds = []
        for number in range(self._rounds):
            measured = {}
            for case in in_turn(cases, number):
                measured[case], out = self._run(case, source)
                shutil.rmtree(out)
            rounds.append(measured)
        return rounds

    def _run(self, case: Case, source: Path) -> tuple[Measured, Path]:
        out = self._data / "out"
        shutil.rmtree(out, ignore_errors=True)
        return case.run(source, out), out

    def _row(self, given: str, case: Case, took: list[Measured], ratio: float, bar: float | None) -> None:
        wall, cpu = (statistics.median(values) for values in ([m.wall_s for m in took], [m.cpu_s for m in took]))
        peak = max(m.peak_mb for m in took)
        cells = [given, case.label, f"{wall:.2f} s", f"{cpu:.2f} s", f"{peak:.0f} MB"]
        cells += [f"{ratio:.2f}" if case.workers else "1", f"≤ {bar}" if bar else ""]
        self._report.row([*cells, self._report.verdict(f"{case.label} at {given}", ratio, bar)])

    def _peak(self, case: Case, source: Path) -> float:
        measured, out = self._run(case, source)
        shutil.rmtree(out)
        return measured.peak_mb

    def _memory_row(self, given: str, case: Case, peak: float, growth: float | None) -> None:
        verdict = self._report.verdict(f"{case.label}, memory for {given}", peak, PEAK_MB_BAR)
        cells = [given, case.label, f"{peak:.0f} MB", f"≤ {PEAK_MB_BAR} MB"]
        if growth is None:
            cells += ["", ""]
        else:
            cells += [f"{growth:.2f}", f"≤ {GROWTH_BAR}"]
            if self._report.verdict(f"{case.label}, growth of memory at {given}", growth, GROWTH_BAR) != "kept":
                verdict = "**missed**"
        self._report.row([*cells, verdict])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Measure linemill against a bare loop: `python -m bench.run` (or `make bench`).

Whole commands, their start included. The commands of one size take turns, A B C A B C, so that a busy minute hits all of
them; a ratio is taken within one round, and the median of the rounds is shown. A round before the first warms the caches
and compares the outputs with the bare loop's, byte for byte. Ends with 1 if a bar was missed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Measured, adopt_orphans, measure

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
OUTPUTS = ("errors", "warnings", "general")
PEAK_MB_BAR = 150
GROWTH_BAR = 1.1  # "the same at 1 GB as at 100 MB", with room for what the allocator and the interpreter do by chance


@dataclass(frozen=True, slots=True)
class Case:
    """One command to measure.

    Attributes:
        how: The pipeline in `bench/pipelines`, and the way of the bare loop.
        workers: Worker processes; 0 for the bare loop.
        bars: Largest ratio to the bare loop that will do, by megabytes of input; sizes without a bar are shown for comparison.
    """

    how: str
    workers: int
    bars: tuple[tuple[int, float], ...] = ()

    @property
    def label(self) -> str:
        """What the table calls it."""
        return f"{self.how}, {self.workers} worker{'s' if self.workers > 1 else ''}" if self.workers else f"{self.how}, bare loop"

    def bar(self, megabytes: int) -> float | None:
        """Give the bar at that size, None for none."""
        return dict(self.bars).get(megabytes)

    def command(self, source: Path, out: Path) -> list[str]:
        """Give the command that reads `source` and writes below `out`."""
        if not self.workers:
            return [sys.executable, str(BENCH / "bare_loop.py"), self.how, str(source), str(out)]
        pipeline = str(BENCH / "pipelines" / f"{self.how}.yaml")
        linemill = [sys.executable, "-m", "linemill", "run", str(source), "--pipeline", pipeline]
        return [*linemill, "--workers", str(self.workers), "--out", str(out)]

    def output(self, name: str, source: Path, out: Path) -> Path:
        """Give the file that holds the output of that name."""
        return out / name / source.name if self.workers else out / f"{name}.log"


CASES = (
    Case("functions", 0),
    Case("functions", 1, bars=((1000, 1.1),)),
    Case("functions", 2, bars=((1000, 0.6),)),
    Case("generators", 0),
    Case("generators", 1, bars=((100, 1.3), (1000, 1.3))),
)


class OutputsDiffer(Exception):
    """An output is not the bare loop's: whatever was measured does not count."""


def main() -> None:
    """Measure what the arguments ask for and print the tables as Markdown."""
    options = _options()
    adopt_orphans()
    data = Path(options.data).resolve()
    names = [f"app{size}.log" for size in options.size]
    names += ["nuls.log", *(f"{name}.gz" for name in names)] if "memory" in options.only else []
    subprocess.run([sys.executable, "-m", "bench.inputs", str(data), *names], cwd=ROOT, check=True)

    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; ", end="")
    print(f"medians of {options.rounds} rounds, {' and '.join(f'{size} MB' for size in options.size)} of input")
    bench = Bench(data, options.rounds)
    cases = [case for case in CASES if case.how in options.only]
    if cases:
        bench.speed(cases, options.size)
    if "memory" in options.only:
        bench.memory(options.size)
    if bench.missed:
        print(f"\nMissed: {'; '.join(bench.missed)}")
        sys.exit(1)
    print("\nEvery bar was kept.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description="Measure linemill against a bare loop.")
    parser.add_argument("--size", type=int, nargs="+", default=[100, 1000], metavar="MB", help="sizes of input (100 1000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the one that warms up (5)")
    parts = ["functions", "generators", "memory"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts, help="parts to measure (all)")
    parser.add_argument("--data", default=str(ROOT / "bench-data"), help="folder for inputs and outputs (bench-data)")
    return parser.parse_args()


class Bench:
    """One run of the benchmark: prints rows as they come and keeps what was missed.

    Attributes:
        missed: A sentence for every bar that was missed.
    """

    def __init__(self, data: Path, rounds: int) -> None:
        self.missed: list[str] = []
        self._data = data
        self._rounds = rounds

    def speed(self, cases: list[Case], sizes: list[int]) -> None:
        """Print time, ratio and memory of every case at every size."""
        print("\n| input | command | wall | CPU | peak of one process | time against the bare loop | bar | |")
        print("|---|---|---:|---:|---:|---:|---:|---|")
        for size in sizes:
            source = self._data / f"app{size}.log"
            rounds = self._rounds_of(cases, source)
            for case in cases:
                took = [measured[case] for measured in rounds]
                bare = [measured[Case(case.how, 0)] for measured in rounds]
                ratio = statistics.median(ours.wall_s / theirs.wall_s for ours, theirs in zip(took, bare, strict=True))
                self._row(f"{size} MB", case, took, ratio, case.bar(size))

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
        for _ in range(self._rounds):
            measured = {}
            for case in cases:
                measured[case], out = self._run(case, source)
                shutil.rmtree(out)
            rounds.append(measured)
        return rounds

    def _run(self, case: Case, source: Path) -> tuple[Measured, Path]:
        out = self._data / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        return measure(case.command(source, out), cwd=ROOT), out

    def _row(self, given: str, case: Case, took: list[Measured], ratio: float, bar: float | None) -> None:
        wall, cpu = (statistics.median(values) for values in ([m.wall_s for m in took], [m.cpu_s for m in took]))
        peak = max(m.peak_mb for m in took)
        cells = [given, case.label, f"{wall:.2f} s", f"{cpu:.2f} s", f"{peak:.0f} MB"]
        cells += [f"{ratio:.2f}" if case.workers else "1", f"≤ {bar}" if bar else ""]
        cells.append(self._verdict(f"{case.label} at {given}", ratio, bar))
        print(f"| {' | '.join(cells)} |", flush=True)

    def _verdict(self, what: str, value: float, bar: float | None) -> str:
        if bar is None:
            return ""
        if value <= bar:
            return "kept"
        self.missed.append(f"{what}: {value:.2f}, at most {bar}")
        return "**missed**"

    def memory(self, sizes: list[int]) -> None:
        """Print the peak of the largest process for plain and compressed input, and for one line without an end."""
        print("\n| input | command | peak of one process | bar | against the first size | bar | |")
        print("|---|---|---:|---:|---:|---:|---|")
        for case in (case for case in CASES if case.workers):
            for suffix, kind in ((".log", ""), (".log.gz", ", gzip")):
                peaks = [self._peak(case, self._data / f"app{size}{suffix}") for size in sizes]
                for size, peak in zip(sizes, peaks, strict=True):
                    self._memory_row(f"{size} MB{kind}", case, peak, peak / peaks[0])
            self._memory_row("one line of 5 GB", case, self._peak(case, self._data / "nuls.log"), None)

    def _peak(self, case: Case, source: Path) -> float:
        measured, out = self._run(case, source)
        shutil.rmtree(out)
        return measured.peak_mb

    def _memory_row(self, given: str, case: Case, peak: float, growth: float | None) -> None:
        verdict = self._verdict(f"{case.label}, memory for {given}", peak, PEAK_MB_BAR)
        cells = [given, case.label, f"{peak:.0f} MB", f"≤ {PEAK_MB_BAR} MB"]
        if growth is None:
            cells += ["", ""]
        else:
            cells += [f"{growth:.2f}", f"≤ {GROWTH_BAR}"]
            if self._verdict(f"{case.label}, growth of memory at {given}", growth, GROWTH_BAR) != "kept":
                verdict = "**missed**"
        print(f"| {' | '.join([*cells, verdict])} |", flush=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()

"""Measure linemill: `python -m bench.run` (or `make bench`).

Whole commands, their start included. What is compared takes turns, A B C C B A, so that a busy minute hits all of it; a ratio
is taken within one round, and the median of the rounds is shown. A round before the first warms the caches and compares the
outputs, byte for byte. Ends with 1 if a bar was missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.loops import Loops
from bench.measure import adopt_orphans
from bench.report import Report
from bench.watching import Watching

ROOT = Path(__file__).resolve().parent.parent
AGAINST_THE_LOOP = ("functions", "generators")
PARTS = (*AGAINST_THE_LOOP, "memory", "small", "latency", "idle", "history", "growth", "pages", "web", "upload")


def main() -> None:
    """Measure what the arguments ask for and print the tables as Markdown."""
    options = _options()
    adopt_orphans()
    data = Path(options.data).resolve()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; ", end="")
    print(f"medians of {options.rounds} rounds, {' and '.join(f'{size} MB' for size in options.size)} of input", flush=True)
    report = Report()
    for measure in _measurements(options, report, data):
        measure()
    if report.missed:
        print(f"\nMissed: {'; '.join(report.missed)}")
        sys.exit(1)
    print("\nEvery bar was kept.")


def _measurements(options: argparse.Namespace, report: Report, data: Path) -> list[Callable[[], None]]:
    loops, watching = Loops(report, data, options.rounds), Watching(report, data)
    hows = [how for how in AGAINST_THE_LOOP if how in options.only]
    logs = [f"app{size}.log" for size in options.size]

    def speed() -> None:
        _make_inputs(data, logs)
        loops.speed(hows, options.size)

    def memory() -> None:
        _make_inputs(data, [*logs, *(f"{name}.gz" for name in logs), "nuls.log"])
        loops.memory(options.size)

    def history() -> None:
        from bench.history import compare  # a database library would make this process, and so all that it starts, large

        compare(report, data)

    def web(part: str) -> None:
        from bench.web import Web  # what speaks HTTP would make this process large, too

        measured = Web(report, data)
        if part == "pages":
            measured.pages()
        elif part == "upload":
            measured.upload(options.rounds)
        else:
            measured.waiting(options.rounds)
            measured.working(options.files, options.rounds)

    parts: dict[str, Callable[[], None]] = {
        "memory": memory,
        "small": lambda: watching.small(options.files, options.rounds),
        "latency": lambda: watching.latency(options.times),
        "idle": watching.idle,
        "growth": lambda: watching.growth(10 * options.files),
        "pages": lambda: web("pages"),
        "web": lambda: web("web"),
        "upload": lambda: web("upload"),
        "history": history,  # the last one: see there
    }
    return [*([speed] if hows else []), *(measure for name, measure in parts.items() if name in options.only)]


def _make_inputs(data: Path, names: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "bench.inputs", str(data), *names], cwd=ROOT, check=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description="Measure linemill.")
    parser.add_argument("--size", type=int, nargs="+", default=[100, 1000], metavar="MB", help="sizes of large inputs (100 1000)")
    parser.add_argument("--files", type=int, default=10_000, help="small files (10000); ten times as many for growth")
    parser.add_argument("--times", type=int, default=200, help="files whose latency is measured (200)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the one that warms up (5)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=f"of {', '.join(PARTS)} (all)")
    parser.add_argument("--data", default=str(ROOT / "bench-data"), help="folder for inputs and outputs (bench-data)")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""The dashboard: what open pages and requests cost a mill that waits and one that works, uploads, and the weight of a page."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import opening, sending, small_files, visitors
from bench.changes import Change, Changes
from bench.loops import GROWTH_BAR
from bench.measure import in_turn
from bench.mill import Mill, lay_pipeline
from bench.opening import NO_CHROMIUM
from bench.report import Report

WORKERS = 2

COST_PERCENT_BAR = 2.0
SLOWER_BAR = 1.02
SECONDS_FOR_100_MB_BAR = 1.0
PAGE_KB_BAR = 60.0
PAGE_MS_BAR = 300.0
OPENINGS = 20

IDLE_S = 20.0
REST_S = 3.0

UPLOADS_MB = (100, 900)
"""The default of `upload.max_size` is a little more."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Who visits.

    Attributes:
        label: What the table calls them.
        how: As `bench/visitors.py` has it.
        count: The same.
    """

    label: str
    how: str
    count: int


NOBODY = Visit("nobody", "", 0)
VISITS = (Visit("20 streams", "streams", 20), Visit("50 requests of `/stats` a second", "stats", 50))


class Web:
    """Measures a mill of two workers with its dashboard; prints rows as they come.

    Args:
        report: Gets the tables.
        data: Where folders are made.
        idle_s: How long a mill that waits is measured at a time, in seconds.
        uploads_mb: The sizes of what is uploaded.
        openings: How often a page is opened.
    """

    def __init__(
        self,
        report: Report,
        data: Path,
        idle_s: float = IDLE_S,
        uploads_mb: tuple[int, int] = UPLOADS_MB,
        openings: int = OPENINGS,
    ) -> None:
        self._report = report
        self._data = data
        self._idle_s = idle_s
        self._uploads_mb = uploads_mb
        self._openings = openings

    def pages(self) -> None:
        """Weigh the page of what goes on, with all that it loads, and open it in a browser."""
        with self._folder("pages") as folder, self._started(folder / "mill") as mill:
            connection = http.client.HTTPConnection("127.0.0.1", mill.port(), timeout=60)
            page = _got(connection, "/stats")
            parts = sorted(set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.decode())))
            weights = {"the page": len(page), **{part: len(_got(connection, part)) for part in parts}}
            connection.close()
            command = [sys.executable, opening.__file__, str(mill.port()), str(self._openings)]
            browser = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            mill.stop()
        self._report.head("what is loaded", "", "kB", "bar", "")
        for name, weight in weights.items():
            self._report.row([name, "", f"{weight / 1000:.1f} kB", "", ""])
        whole = sum(weights.values()) / 1000
        verdict = self._report.verdict("weight of a page in kB", whole, PAGE_KB_BAR)
        self._report.row(["all of it", "", f"{whole:.1f} kB", f"≤ {PAGE_KB_BAR:g} kB", verdict])
        if browser.returncode == NO_CHROMIUM:
            print("\nThere is no Chromium: how long it takes to open a page is not measured.")
            return
        browser.check_returncode()
        loaded, live = (statistics.median(times) for times in zip(*json.loads(browser.stdout), strict=True))
        self._report.head("a page in a new profile of headless Chromium", "times", "median", "bar", "")
        self._report.row(["loaded", f"{self._openings}", f"{loaded:.0f} ms", "", ""])
        verdict = self._report.verdict("time until a page is live in ms", live, PAGE_MS_BAR)
        self._report.row(["live", f"{self._openings}", f"{live:.0f} ms", f"≤ {PAGE_MS_BAR:g} ms", verdict])

    def waiting(self, rounds: int) -> None:
        """Compare the processor time of a mill that waits, with visitors and without, by turns."""
        took: dict[Visit, list[float]] = {visit: [] for visit in (NOBODY, *VISITS)}
        with self._folder("waiting") as folder, self._started(folder / "mill") as mill:
            time.sleep(REST_S)
            for number in range(rounds):
                for visit, percents in in_turn(took.items(), number):
                    with _visited(mill, visit):
                        before, start = mill.cpu_s(), time.perf_counter()
                        time.sleep(self._idle_s)
                        percents.append(100 * (mill.cpu_s() - before) / (time.perf_counter() - start))
            mill.stop()
        self._report.head("a mill that waits, with", "", "CPU, of one core", "more than without", "bar", "")
        for visit, percents in took.items():
            more = statistics.median(one - bare for one, bare in zip(percents, took[NOBODY], strict=True))
            bar = None if visit is NOBODY else COST_PERCENT_BAR
            verdict = self._report.verdict(f"{visit.label} at a mill that waits, in percent of a core", more, bar)
            cells = [visit.label, "", f"{statistics.median(percents):.2f} %"]
            self._report.row([*cells, *(["", "", ""] if bar is None else [f"{more:.2f} %", f"≤ {bar:g} %", verdict])])

    def working(self, files: int, rounds: int) -> None:
        """Compare the time of a mill for small files, with visitors and without, by turns, each time with a new mill."""
        took: dict[Visit, list[tuple[float, float]]] = {visit: [] for visit in (NOBODY, *VISITS)}
        with self._folder("working") as folder:
            self._worked(folder / "warm", files, NOBODY)
            for number in range(rounds):
                for visit, times in in_turn(took.items(), number):
                    times.append(self._worked(folder / f"{number}-{visit.how}", files, visit))
        self._report.head("files", "with", "wall", "CPU", "against without", "bar", "")
        for visit, times in took.items():
            ratio = statistics.median(one[0] / bare[0] for one, bare in zip(times, took[NOBODY], strict=True))
            wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
            cells = [f"{files} × {small_files.LINES} lines", visit.label, f"{wall:.2f} s", f"{cpu:.2f} s", f"{ratio:.3f}"]
            bar = None if visit is NOBODY else SLOWER_BAR
            verdict = self._report.verdict(f"{visit.label} at a mill that works, against nobody", ratio, bar)
            self._report.row([*cells, "" if bar is None else f"≤ {bar:g}", verdict])

    def upload(self, rounds: int) -> None:
        """Compare uploads with a bare loop from a socket to a file, by turns; and the memory at two sizes."""
        seconds: dict[tuple[str, int], list[float]] = {}
        peaks: list[float] = []
        with self._folder("upload") as folder, self._started(folder / "mill") as mill:
            pause = [sys.executable, "-m", "linemill", "pause", "-p", str(mill.folder / "pipeline.yaml")]
            subprocess.run(pause, check=True, capture_output=True)
            with _bare_loop(folder) as port:
                sending.upload(mill.port(), 10)
                for megabytes in self._uploads_mb:
                    for _ in range(rounds):
                        seconds.setdefault(("bare loop", megabytes), []).append(sending.bare(port, megabytes))
                        seconds.setdefault(("upload", megabytes), []).append(sending.upload(mill.port(), megabytes))
                        for path in (mill.folder / "inbox").glob("*.log"):
                            path.unlink()
                    peaks.append(mill.memory_mb("VmHWM"))
            mill.stop()
        self._report.head("sent", "to", "wall", "MB/s", "for 100 MB", "bar", "")
        for (what, megabytes), times in seconds.items():
            wall = statistics.median(times)
            for_100 = 100 * wall / megabytes
            bar = SECONDS_FOR_100_MB_BAR if what == "upload" else None
            verdict = self._report.verdict(f"{what} of {megabytes} MB, seconds for 100 MB", for_100, bar)
            cells = [f"{megabytes} MB", what, f"{wall:.2f} s", f"{megabytes / wall:.0f}", f"{for_100:.2f} s"]
            self._report.row([*cells, "" if bar is None else f"≤ {bar:g} s", verdict])
        growth = peaks[1] / peaks[0]
        self._report.head("uploads of", "memory of", "highest", "against the first", "bar", "")
        self._report.row([f"{self._uploads_mb[0]} MB", "the mill's process", f"{peaks[0]:.1f} MB", "1", "", ""])
        verdict = self._report.verdict("memory of uploads, the larger against the smaller", growth, GROWTH_BAR)
        cells = [f"{self._uploads_mb[1]} MB", "the mill's process", f"{peaks[1]:.1f} MB", f"{growth:.2f}"]
        self._report.row([*cells, f"≤ {GROWTH_BAR}", verdict])

    def _worked(self, folder: Path, files: int, visit: Visit) -> tuple[float, float]:
        """Have files worked by a new mill that is visited; give the seconds, and the processor time of the mill meanwhile."""
        (folder / "aside").mkdir(parents=True)
        small_files.lay(str(folder / "aside"), range(files))
        arrives = sorted((folder / "aside").iterdir())
        os.sync()
        with self._started(folder / "mill") as mill:
            with Changes(mill.folder / "processed", Change.CAME) as processed, _visited(mill, visit):
                before, start = mill.cpu_s(), time.perf_counter()
                for path in arrives:
                    path.rename(mill.folder / "inbox" / path.name)
                mill.wait_for(processed, files)
                took = time.perf_counter() - start, mill.cpu_s() - before
            mill.stop()
        return took

    @contextmanager
    def _folder(self, name: str) -> Iterator[Path]:
        folder = self._data / f"web-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
        shutil.rmtree(folder)

    @contextmanager
    def _started(self, folder: Path) -> Iterator[Mill]:
        lay_pipeline(folder, "small", WORKERS)
        with Mill(folder, dashboard=("--port", "0")) as mill:
            mill.wait_until_it_watches()
            connection = http.client.HTTPConnection("127.0.0.1", mill.port(), timeout=60)
            _got(connection, "/health")  # answered once all of it is imported
            connection.close()
            yield mill


@contextmanager
def _visited(mill: Mill, visit: Visit) -> Iterator[None]:
    """Have a mill visited, until the visitors are gone: who stops a mill waits for all children of this process."""
    if visit is NOBODY:
        yield
        return
    command = [sys.executable, visitors.__file__, str(mill.port()), visit.how, str(visit.count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.stdin.close()


@contextmanager
def _bare_loop(folder: Path) -> Iterator[int]:
    """Have the bare loop run; give its port."""
    with subprocess.Popen([sys.executable, sending.__file__, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def _got(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path, headers={"Accept": "text/html"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered with {answer.status}")
    return body

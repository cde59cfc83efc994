"""`kill -9` at any moment: an output is absent or whole, and running again makes everything right."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import linemill as package
from bench.app_log import chunk
from linemill.mill.pool import SPAN_BYTES

SOURCE = Path(package.__file__).resolve().parents[1]
KILLS = 10

PIPELINE = """\
nodes:
  clean: {use: linemill.processors:strip, to: level}
  level:
    use: linemill.processors:tag_by_pattern
    with: {error: ERROR, warn: WARN}
    to: {error: errors, warn: warnings, "*": refuse}
  refuse: {use: steps:refuse, to: general}
outputs:
  errors: out/errors/{name}
  warnings: out/warnings/{name}
  general: out/general/{name}
"""
STEPS = """\
def refuse(line: str):
    if "took 7ms" in line:
        raise ValueError("seven")
    return line
"""


def _make_project(folder: Path, large_bytes: int) -> None:
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "steps.py").write_text(STEPS)
    log = b"".join(chunk(number) for number in range(2))
    (folder / "large.log").write_bytes((log * 2)[:large_bytes])
    for number in range(6):
        (folder / f"small{number}.log").write_bytes(log[number * 10_000 : number * 10_000 + 9_000])


def _start(folder: Path, workers: int) -> subprocess.Popen[bytes]:
    files = sorted(path.name for path in folder.glob("*.log"))
    command = [sys.executable, "-m", "linemill", "run", *files, "--workers", str(workers), "--out", "results"]
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _contents(folder: Path) -> dict[str, bytes]:
    """Read all files below a folder, hidden ones too; but for the catalog, which remembers how often one ran."""
    found = (path for path in folder.rglob("*") if path.is_file() and ".linemill" not in path.relative_to(folder).parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def _undisturbed(folder: Path, workers: int) -> tuple[dict[str, bytes], float]:
    begin = time.monotonic()
    assert _start(folder, workers).wait(timeout=120) == 0
    return _contents(folder / "results"), time.monotonic() - begin


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "large_bytes"), [(1, 8_000_000), (2, 2 * SPAN_BYTES + 1)])
def test_a_killed_run_leaves_whole_outputs_or_none_and_the_next_run_makes_all_right(
    tmp_path: Path, workers: int, large_bytes: int
) -> None:
    project = tmp_path
    _make_project(project, large_bytes)
    expected, shortest = _undisturbed(project, workers)
    assert len(expected) == 3 * 7 + 1  # three outputs of seven files, and the dead letters of the large one
    dice = random.Random(workers)
    killed = 0
    while killed < KILLS:
        for path in sorted((project / "results").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        begin = time.monotonic()
        process = _start(project, workers)
        try:
            process.wait(timeout=dice.uniform(0.1, 1) * shortest)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:  # it was faster than the fastest so far
            shortest = min(shortest, time.monotonic() - begin)
            continue
        killed += 1
        left = _contents(project / "results")
        published = {name: data for name, data in left.items() if not Path(name).name.startswith(".linemill-")}
        assert published.items() <= expected.items(), "an output is neither absent nor whole"
        contents, duration = _undisturbed(project, workers)
        assert contents == expected, "running again did not make everything right"
        shortest = min(shortest, duration)

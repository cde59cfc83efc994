"""The whole benchmark, very small: every part of it that can be, runs and shows its rows."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_every_part_with_a_mill_runs_and_shows_its_rows(tmp_path):
    small = [
        "--only",
        "functions",
        "small",
        "latency",
        "growth",
        "--size",
        "10",
        "--files",
        "20",
        "--times",
        "2",
        "--rounds",
        "1",
    ]
    command = [sys.executable, "-m", "bench.run", *small, "--data", tmp_path]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode in (0, 1), said.stderr  # what was measured beside other tests may miss a bar
    firsts = [line.split(" | ")[:2] for line in said.stdout.splitlines() if line.startswith("| ")]
    assert ["| 10 MB", "functions, watch, 2 workers"] in firsts
    assert ["| 20 × 100 lines", "watch, 2 workers"] in firsts
    assert ["| its writer closes it in the inbox", "2"] in firsts
    assert ["| 200", "the mill's process"] in firsts
    assert [path.name for path in tmp_path.iterdir()] == ["app10.log"]

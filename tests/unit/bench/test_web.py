"""What is measured of the dashboard, very small: it runs, ends, and shows its rows."""

import subprocess
import sys

import pytest

from bench.run import ROOT

# In a process of its own: whoever measures waits for all of its children, and this one may have others.
MEASURES = """\
import sys
from pathlib import Path
from bench.report import Report
from bench.web import Web

web = Web(Report(), Path(sys.argv[1]), idle_s=0.1, uploads_mb=(2, 4), openings=2)
web.pages()
web.waiting(1)
web.working(20, 1)
web.upload(1)
"""


@pytest.mark.slow
def test_every_part_runs_and_shows_its_rows(tmp_path):
    command = [sys.executable, "-c", MEASURES, str(tmp_path)]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    firsts = [line.split(" | ")[:2] for line in said.stdout.splitlines() if line.startswith("| ")]
    assert ["| all of it", ""] in firsts
    assert ["| live", "2"] in firsts
    assert ["| 20 streams", ""] in firsts
    assert ["| 20 × 100 lines", "50 requests of `/stats` a second"] in firsts
    assert ["| 4 MB", "upload"] in firsts
    assert list(tmp_path.iterdir()) == []

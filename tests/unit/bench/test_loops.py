import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# In a process of its own: whoever measures waits for all of its children, and this one may have others.
MEASURE = """
import sys
from pathlib import Path
from bench.loops import Case
print(Case(sys.argv[1], 1).run(Path(sys.argv[2]), Path(sys.argv[3])).peak_mb)
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["functions", "generators"])
def test_the_one_line_that_is_too_long_is_measured_and_fails_nothing(tmp_path, how):
    source, out = tmp_path / "nuls.log", tmp_path / "out"
    source.touch()
    os.truncate(source, 17 * 2**20)
    command = [sys.executable, "-c", MEASURE, how, source, out]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert float(said.stdout) > 0
    assert (out / "dead/nuls.log.jsonl").read_bytes().count(b"\n") == 1

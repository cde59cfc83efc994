"""The bare loop: both ways do the same, so that either may be measured against."""

import subprocess
import sys
from pathlib import Path

import pytest

BARE_LOOP = Path(__file__).resolve().parents[3] / "bench" / "bare_loop.py"


@pytest.mark.parametrize("how", ["functions", "generators"])
def test_it_trims_and_sorts_lines(how, tmp_path):
    source = tmp_path / "in.log"
    source.write_bytes(b"  an INFO line \n\tWARN one\r\nWARN after ERROR\ncaf\xc3\xa9 \xff\n")
    subprocess.run([sys.executable, BARE_LOOP, how, source, tmp_path], check=True)
    assert (tmp_path / "errors.log").read_bytes() == b"WARN after ERROR\n"
    assert (tmp_path / "warnings.log").read_bytes() == b"WARN one\n"
    assert (tmp_path / "general.log").read_bytes() == b"an_info_line\ncaf\xc3\xa9_\xff\n"

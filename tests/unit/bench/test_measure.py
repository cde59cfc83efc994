"""Measuring a command: every process counts, waited for or not."""

import json
import subprocess
import sys
from pathlib import Path

from bench.measure import in_turn

ROOT = Path(__file__).resolve().parents[3]
PEAK_OF_A_GRANDCHILD = """
import subprocess, sys, os
work = "import sys; sys.stdin.read(); x = bytearray(90_000_000)"
process = subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE)
{end}
"""
MEASURE = """
import dataclasses, json, sys
from pathlib import Path
from bench.measure import adopt_orphans, measure
adopt_orphans()
print(json.dumps(dataclasses.asdict(measure([sys.executable, "-c", sys.argv[1]], Path.cwd()))))
"""


def _measured(program):
    """Measure in a process of its own: the one of the tests is large, and must not adopt."""
    done = subprocess.run([sys.executable, "-c", MEASURE, program], cwd=ROOT, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def test_memory_of_a_process_that_was_waited_for_counts():
    assert 90 < _measured(PEAK_OF_A_GRANDCHILD.format(end="process.communicate()"))["peak_mb"] < 150


def test_memory_of_a_process_that_was_left_behind_counts():
    assert 90 < _measured(PEAK_OF_A_GRANDCHILD.format(end="process.stdin.close(); os._exit(0)"))["peak_mb"] < 150


def test_a_small_command_is_small():
    assert _measured("pass")["peak_mb"] < 40


def test_a_command_that_fails_is_not_a_measurement():
    error = _measured("import sys; print('no room'); sys.exit(3)")
    assert "ended with 3:\nno room" in error


def test_of_two_rounds_each_case_comes_as_early_as_late():
    rounds = [in_turn("abc", number) for number in range(4)]
    assert rounds == [["a", "b", "c"], ["c", "b", "a"]] * 2

"""The program without a standard output, or with one whose disk is full."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import linemill as package
from linemill.mill.pool import size_for
from linemill.pipeline import Pipeline, load

pytestmark = pytest.mark.slow

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(package.__file__).resolve().parents[1])}
PIPELINE = "nodes:\n  same: {use: linemill.processors:strip, to: all}\noutputs:\n  all: out/{name}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    (tmp_path / "a.log").write_text("one\ntwo\n")
    return tmp_path


def _shell(folder: Path, redirection: str) -> subprocess.CompletedProcess[str]:
    script = f'"$0" -m linemill run a.log {redirection}'
    return subprocess.run(
        ["sh", "-c", script, sys.executable], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_run_with_closed_streams_publishes_and_is_done(folder: Path, redirection: str) -> None:
    assert _shell(folder, redirection).returncode == 0
    assert (folder / "out" / "a.log").read_text() == "one\ntwo\n"


def test_a_summary_that_cannot_be_written_is_told_in_one_line(folder: Path) -> None:
    ended = _shell(folder, ">/dev/full")
    assert (ended.returncode, ended.stderr) == (1, "linemill: standard output cannot be written: its disk is full\n")
    assert (folder / "out" / "a.log").read_text() == "one\ntwo\n"


def test_no_more_workers_are_started_than_there_is_work(folder: Path) -> None:
    pipeline: Pipeline = load(folder / "pipeline.yaml")
    inputs = [folder / "a.log"] * 3
    assert size_for(pipeline, inputs, 99_999, None) == 3
    assert size_for(pipeline, inputs[:1], 99_999, None) == 2
    assert size_for(pipeline, inputs, 1, None) is None
    assert size_for(pipeline, inputs, None, None) is None

import re
import time
from pathlib import Path

import pytest

from linemill.engine import Run
from linemill.pipeline import load
from linemill.processors import PROCESSORS, Described, catalogue

EVERY_ONE = pytest.mark.parametrize("described", catalogue(), ids=PROCESSORS)


@EVERY_ONE
def test_the_example_of_every_processor_loads_as_it_is_described(described: Described, tmp_path: Path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(described.example)
    nodes = [node for node in load(path).nodes if node.use == described.use]
    assert [(node.mode, node.is_splittable) for node in nodes] == [(described.mode, described.is_splittable)]


@EVERY_ONE
@pytest.mark.parametrize("lines_at_a_time", [1, 100])
def test_the_engine_makes_of_every_example_what_it_says(described: Described, lines_at_a_time: int, tmp_path: Path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(described.example)
    run = Run(load(path), clock=time.monotonic)
    lines = described.given.split("\n")
    blocks = [lines[start : start + lines_at_a_time] for start in range(0, len(lines), lines_at_a_time)]
    results = [run.open(), *map(run.feed, blocks), *run.close()]
    assert [letter for result in results for letter in result.dead] == []
    written = b"".join(output.data for result in results for output in result.outputs.values()).decode()
    # Lines of several outputs come output by output, and the tags were for the routes.
    expected = [re.sub(r"^\[\w+\] ", "", line) for line in described.gives.split("\n")]
    assert sorted(written.splitlines()) == sorted(expected)

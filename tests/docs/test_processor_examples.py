from pathlib import Path

import pytest

from linemill.pipeline import load
from linemill.processors import PROCESSORS, Described, catalogue


@pytest.mark.parametrize("described", catalogue(), ids=PROCESSORS)
def test_the_example_of_every_processor_loads_as_it_is_described(described: Described, tmp_path: Path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(described.example)
    nodes = [node for node in load(path).nodes if node.use == described.use]
    assert [(node.mode, node.is_splittable) for node in nodes] == [(described.mode, described.is_splittable)]

from collections.abc import Callable
from pathlib import Path

import pytest

from linemill.pipeline import Pipeline, load

PASS = """\
nodes:
  keep: {use: "steps:keep", to: all}
outputs:
  all: out/{name}
"""


@pytest.fixture
def make_pipeline(tmp_path: Path) -> Callable[..., Pipeline]:
    """Load a pipeline of one step that lets every line pass, or does what is said."""

    def apply(steps: str = "def keep(line: str) -> str:\n    return line\n", text: str = PASS) -> Pipeline:
        (tmp_path / "pipeline.yaml").write_text(text)
        (tmp_path / "steps.py").write_text(steps)
        return load(tmp_path / "pipeline.yaml")

    return apply

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from linemill.executors.task import Task
from linemill.pipeline import Pipeline, load

PIPELINE = """\
nodes:
  keep: {use: "steps:keep", to: all}
outputs:
  all: out/{name}
"""


@pytest.fixture
def make_pipeline(tmp_path: Path) -> Callable[[str], Pipeline]:
    """A pipeline of one function `keep`, whose module has this text, and one output `all`."""

    def apply(steps: str = "def keep(line: str) -> str:\n    return line\n") -> Pipeline:
        (tmp_path / "pipeline.yaml").write_text(PIPELINE)
        (tmp_path / "steps.py").write_text(steps)
        return load(tmp_path / "pipeline.yaml")

    return apply


@pytest.fixture
def make_task(tmp_path: Path) -> Callable[..., Task]:
    """A task for a file of its own with these bytes; its hidden files have its number."""
    numbers = count(1)

    def apply(data: bytes = b"a\nb\n", **others: Any) -> Task:
        number = next(numbers)
        (tmp_path / f"in{number}").write_bytes(data)
        outputs = {"all": tmp_path / f".out{number}"}
        values = {"path": tmp_path / f"in{number}", "span": None, "outputs": outputs, "dead": tmp_path / f".dead{number}"}
        return Task(name=f"in{number}", **{**values, **others})

    return apply

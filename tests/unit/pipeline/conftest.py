"""What the tests of loading share: a folder with a pipeline in it, and the messages that a user would read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from linemill.errors import ConfigurationError
from linemill.pipeline import Node, Pipeline, load

ONE_NODE = "nodes:\n  a: {{use: '{use}', to: out{more}}}\noutputs: {{out: 'out/{{name}}'}}\n"


class Project:
    """A folder that holds a pipeline file and its modules."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "pipeline.yaml"
        self.write("p.py", "def up(line: str) -> str:\n    return line.upper()\n")

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(self, text: str | bytes | None = None) -> Pipeline:
        if text is not None:
            self.write("pipeline.yaml", text)
        return load(self.path)

    def node(self, use: str, more: str = "") -> Node:
        """Load a pipeline of one node."""
        return self.load(ONE_NODE.format(use=use, more=more and f", {more}")).nodes[0]

    def refusal(self, text: str | bytes | None = None) -> str:
        """Tell what a user reads when the pipeline is refused; paths are relative to the folder."""
        with pytest.raises(ConfigurationError) as refused:
            self.load(text)
        return str(refused.value).replace(f"{self.folder}/", "")

    def refused_node(self, use: str, more: str = "") -> str:
        """Tell what a user reads when a pipeline of one node is refused, without the file's name."""
        return self.refusal(ONE_NODE.format(use=use, more=more and f", {more}")).removeprefix("pipeline.yaml")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def new_project(tmp_path: Path) -> Callable[[str], Project]:
    """Make several projects beside each other."""

    def make(name: str) -> Project:
        (tmp_path / name).mkdir()
        return Project(tmp_path / name)

    return make

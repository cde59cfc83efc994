"""Pages of the documentation as stories: what a page shows is written, run and compared, in the order of the page.

The words after the three backticks of a block say what it is. Renderers show only the first.

| block | what a test does with it |
|---|---|
| `yaml`, `yaml PATH` | a whole pipeline: it must be right, with the files shown before it |
| `yaml refused` | a wrong pipeline: it must be refused, with the messages in the block that follows |
| `yaml fragment` | a part of one: it must be YAML |
| `LANGUAGE PATH` | a file: written; below `out/` or `dead/` compared with what is there (dead letters without tracebacks) |
| `sh` | commands: run, and must succeed |
| `sh elsewhere` | commands that need what a test has not (a network, another machine): only looked at |
| `console` | commands after `$ `, each with all that it prints; times and rates may differ |
| `sh watched`, `console watched` | the same while `linemill watch` runs, which has worked off all that it can after each |
| anything else | nothing |
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import linemill as package

FENCE = re.compile(r"^(?P<indent> *)```(?P<words>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)


class Shown(NamedTuple):
    """A block of a page: the words after its backticks, its text, and the line in which the text begins."""

    words: list[str]
    text: str
    line: int


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds README.md."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def blocks_of() -> Callable[[Path], list[Shown]]:
    """Take the blocks out of a page."""

    def take(page: Path) -> list[Shown]:
        text = page.read_text(encoding="utf-8")
        return [
            Shown(found["words"].split(), found["text"], text.count("\n", 0, found.start()) + 2) for found in FENCE.finditer(text)
        ]

    return take


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `linemill` and `python` are those that run the tests, whatever is installed."""
    folder = tmp_path_factory.mktemp("bin")
    for name, command in (("linemill", f'exec "{sys.executable}" -m linemill "$@"'), ("python", f'exec "{sys.executable}" "$@"')):
        (folder / name).write_text(f"#!/bin/sh\n{command}\n")
        (folder / name).chmod(0o755)
    source = Path(package.__file__).resolve().parents[1]
    return {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(source),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "100",
    }

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import linemill as package

SOURCE = Path(package.__file__).resolve().parents[1]
"""What this test run imports is what the program has to import, whatever its current folder is."""

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE), "COLUMNS": "100", "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start the real program in `tmp_path`, with pipes to all of its streams; what still runs at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str | bytes | Path, **others: Any) -> subprocess.Popen[bytes]:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        command = [sys.executable, "-m", "linemill", *arguments]
        process = subprocess.Popen(command, **{"cwd": tmp_path, "env": ENVIRONMENT, **pipes, **others})
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


@pytest.fixture
def linemill(start: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the real program in `tmp_path` to its end."""

    def say(*arguments: str | bytes | Path, given: bytes = b"", **others: Any) -> subprocess.CompletedProcess[str]:
        process = start(*arguments, **others)
        out, err = process.communicate(given, timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out.decode(), err.decode())

    return say


@pytest.fixture
def project(tmp_path: Path, linemill: Callable[..., subprocess.CompletedProcess[str]]) -> Path:
    """A new project, as `linemill init` makes it, in the current folder of the program."""
    assert linemill("init").returncode == 0
    return tmp_path


@pytest.fixture
def write_project(tmp_path: Path) -> Callable[[str, str], Path]:
    """Make a project of a pipeline and a module `steps`, in the current folder of the program."""

    def apply(pipeline: str, steps: str) -> Path:
        (tmp_path / "pipeline.yaml").write_text(pipeline)
        (tmp_path / "steps.py").write_text(steps)
        return tmp_path

    return apply


@pytest.fixture
def files_in() -> Callable[[Path], list[str]]:
    """Everything in a project besides the project itself and its catalog: hidden files, too, folders not."""
    own = {"pipeline.yaml", "steps.py", ".linemill/catalog.db"}

    def apply(folder: Path) -> list[str]:
        found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
        return sorted(str(path) for path in found if str(path) not in own)

    return apply

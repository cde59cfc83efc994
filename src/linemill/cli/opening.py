"""The pipeline that a command is about: the option `-p`, and `pipeline.yaml` in the current folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linemill.errors import UsageError

if TYPE_CHECKING:
    from linemill.pipeline import Pipeline

DEFAULT = "pipeline.yaml"

PipelineOption = Annotated[
    Path | None,
    typer.Option("--pipeline", "-p", metavar="FILE", help=f"The pipeline file.  [default: {DEFAULT} in the current folder]"),
]


def path_of(path: Path | None) -> Path:
    """Give the path of the pipeline file that the command line names.

    Raises:
        UsageError: None is named, and there is none in the current folder.
    """
    if path is not None:
        return path
    if not Path(DEFAULT).exists():
        raise UsageError(
            f"there is no {DEFAULT} in the current folder",
            str(Path.cwd()),
            "name one with -p FILE, or make a new project with: linemill init FOLDER",
        )
    return Path(DEFAULT)


def opened(path: Path | None) -> Pipeline:
    """Load and check the pipeline that the command line names.

    Raises:
        ConfigurationError: It is wrong; holds every mistake.
        UsageError: None is named, and there is none in the current folder.
    """
    path = path_of(path)
    from linemill.executors.prints import prints_on_stderr
    from linemill.pipeline import load

    with prints_on_stderr():  # a module may print when it is imported
        return load(path)

"""What the user wrote, checked: from a YAML file to a graph of known processors.

`load` is the door. It leaves running to `linemill.engine`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linemill.pipeline.graph import (
    ANY_TAG,
    DEAD_LETTERS,
    DROP,
    START_TAG,
    After,
    Budget,
    HistorySettings,
    InputSettings,
    Mode,
    Node,
    OnError,
    Output,
    Pipeline,
    Retry,
    Tries,
    UploadSettings,
    WatchSettings,
    WorkerSettings,
)
from linemill.pipeline.version import Version, version_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "ANY_TAG",
    "DEAD_LETTERS",
    "DROP",
    "START_TAG",
    "After",
    "Budget",
    "HistorySettings",
    "InputSettings",
    "Mode",
    "Node",
    "OnError",
    "Output",
    "Pipeline",
    "Retry",
    "Tries",
    "UploadSettings",
    "Version",
    "WatchSettings",
    "WorkerSettings",
    "forget",
    "load",
    "version_of",
]


def load(path: Path) -> Pipeline:
    """Load a pipeline file, import its processors and check all of it.

    Each load imports the modules beside the file anew, seen by nobody else; it may be called from several threads.

    Raises:
        ConfigurationError: Something is wrong; it holds every mistake that was found, with its place and a way out.
    """
    # Reading YAML and signatures takes longer to import than everything else here, and `--help` needs none of it.
    from linemill.pipeline.loading import load_pipeline

    return load_pipeline(path)


def forget(pipeline: Pipeline) -> None:
    """Take the modules of a pipeline that is no longer used out of the interpreter's table.

    What still holds one of its functions may call it; only imports that such a function makes itself find nothing any more.
    """
    from linemill.pipeline import modules

    modules.forget(pipeline.root)

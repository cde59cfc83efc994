"""`linemill run`: given files through a pipeline, once, to the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from linemill.executors.report import FileReport
from linemill.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run is.

    Attributes:
        done_bytes: Raw bytes read so far, over all files.
        total_bytes: Raw bytes of all files; None while unknown (a pipe is among them).
        done_files: Files that are done or failed.
        total_files: Files in all.
    """

    done_bytes: int
    total_bytes: int | None
    done_files: int
    total_files: int


def run(
    pipeline: Pipeline,
    inputs: Sequence[Path | None],
    *,
    out: Path | None = None,
    workers: int | None = None,
    to_stdout: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_report: Callable[[FileReport], None] | None = None,
    stop: threading.Event | None = None,
) -> list[FileReport]:
    """Process files to the end and publish their outputs.

    Args:
        pipeline: The checked pipeline.
        inputs: Files or named pipes; None stands for standard input.
        out: Folder in place of the pipeline's own for relative output paths.
        workers: Worker processes; 1 works in this process; None follows the cores and the size of the input.
        to_stdout: Name of the output whose lines go to standard output (binary, as they come) in place of a file.
        on_progress: Called in the calling thread, a few times a second.
        on_report: Called in the calling thread as soon as a file is done or failed.
        stop: Set from elsewhere to stop early: nothing half-published, `KeyboardInterrupt` is raised.

    Returns:
        One report for each input, in the order given.

    Raises:
        UsageError: Two inputs would write the same output, an output would overwrite an input, a growing output.
        KeyboardInterrupt: Stopped; everything staged has been removed.
    """
    raise NotImplementedError

"""What is handed to a worker, and what comes back: values that survive pickling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from linemill.engine import DeadLetter, Ledger
from linemill.errors import LinemillError
from linemill.files import Facts, Span


@dataclass(frozen=True, slots=True)
class Task:
    """Work on one file, or on one span of it.

    Attributes:
        path: The file; None for standard input (only in the process that has it).
        name: Its name, for the dead letters.
        span: The part of it to work on; None for all.
        outputs: Output name to the hidden file to write, or to an open descriptor of this process, for lines as they come.
        dead: The hidden file for dead letters. In a span, their line numbers count from the span's first line.
    """

    path: Path | None
    name: str
    span: Span | None
    outputs: Mapping[str, Path | int]
    dead: Path


@dataclass(frozen=True, slots=True)
class Worked:
    """What came of a task; its files are synced.

    Attributes:
        ledger: All counts; those until then, if it failed.
        raw_bytes: Raw bytes read.
        facts: What identified the content read; None for a pipe, or where it could not be opened.
        failure: Why it failed; None if it did not.
        first_dead: The first dead letter, to be shown where there are too many.
    """

    ledger: Ledger
    raw_bytes: int
    facts: Facts | None
    failure: LinemillError | None = None
    first_dead: DeadLetter | None = None

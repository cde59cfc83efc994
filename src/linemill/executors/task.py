"""What is handed to a worker, and what comes back: values that survive pickling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linemill.engine import DeadLetter, Ledger
from linemill.errors import LinemillError
from linemill.files import Facts, Span

LETTERS = 1000
"""Dead letters that are told one by one; all of them are in the file of dead letters."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """An item that died at a node and is taken on from there.

    Attributes:
        node: The node.
        number: Its line's; 0 for none.
        item: What the node was given.
        text: Its line.
    """

    node: str
    number: int
    item: Any
    text: str


@dataclass(frozen=True, slots=True)
class Task:
    """Work on one file, on one span of it, or on some of its lines.

    Attributes:
        path: The file; None for standard input (only in the process that has it).
        name: Its name, for the dead letters.
        span: The part of it to work on; None for all.
        outputs: Output name to the hidden file to make, or to an open descriptor of this process, for lines as they come. In a
            span that is put in its place at once, none of these files is made.
        dead: The hidden file for dead letters, made when there is one. In a span, their numbers count from its first line.
        letters: Lines to work on in place of what is in the file, each with its line number, in their order.
        resumed: Items to take on besides, by their numbers.
        whole: For a span: output name to the hidden file that the spans are put together in; None to have its lines in
            `outputs` in any case.
        starts: For a span: where in these its lines begin, by output name, where that is known. It is for the first span of a
            file (0), and for the first that is worked when an attempt is taken up again.
        samples: Numbers of the lines to trace, rising. In a span they count from its first line.
    """

    path: Path | None
    name: str
    span: Span | None
    outputs: Mapping[str, Path | int]
    dead: Path
    letters: tuple[tuple[int, str], ...] | None = None
    resumed: tuple[Resumed, ...] = ()
    whole: Mapping[str, Path] | None = None
    starts: Mapping[str, int] | None = None
    samples: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Worked:
    """What came of a task; its files are synced, those of a span are not.

    Attributes:
        ledger: All counts; those until then, if it failed.
        raw_bytes: Raw bytes read; 0 for lines that were handed over.
        facts: What identified the content read; None for a pipe, or where it could not be opened.
        failure: Why it failed; None if it did not.
        letters: The first `LETTERS` dead letters.
        pieces: By output name, and `DEAD_LETTERS` if there are any: length and checksum (XXH3, 64 bits, hexadecimal) of what
            was written. None for an open descriptor, nor where the task failed.
        seconds: Time worked, in seconds.
        starts: Where in the task's `whole` files its lines were put, by output name; None if they are in `outputs`.
        traces: The lines that were to be traced, as `written_traces` writes them; nothing where the task failed.
    """

    ledger: Ledger
    raw_bytes: int
    facts: Facts | None
    failure: LinemillError | None = None
    letters: tuple[DeadLetter, ...] = ()
    pieces: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    seconds: float = 0.0
    starts: Mapping[str, int] | None = None
    traces: bytes = b""

    @property
    def is_placed(self) -> bool:
        """Whether a span's lines are in their place already."""
        return self.starts is not None

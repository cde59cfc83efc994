"""What became of a file: frozen values for whoever asked for the run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from linemill.catalog.records import Commit, Failed, Redo
from linemill.engine.ledger import Ledger


class State(StrEnum):
    """Where the life of a file ended."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file failed.

    Attributes:
        code: Stable, from `linemill.errors`.
        what: The reason in words.
        traceback: From the user's code, where a processor raised; else empty.
        may_retry: Whether another try may help.
    """

    code: str
    what: str
    traceback: str = ""
    may_retry: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """One output file of one input file.

    Attributes:
        output: The output's name; `DEAD_LETTERS` for the file of dead letters.
        path: Where it is, absolute.
        lines: Lines in it.
        bytes: Bytes in it.
    """

    output: str
    path: Path
    lines: int
    bytes: int


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one input file.

    Attributes:
        name: Its name, as `{name}` says it; `stdin` for standard input.
        path: The file, as given on the command line; None for standard input.
        state: Done or failed.
        failure: The reason, if failed.
        ledger: Counts of every node and output; what was counted until then, if failed.
        published: The output files, empty if failed.
        bytes: Raw bytes read.
        seconds: From start to published, in seconds.
    """

    name: str
    path: Path | None
    state: State
    failure: Failure | None
    ledger: Ledger
    published: tuple[Published, ...]
    bytes: int
    seconds: float


def report_of(commit: Commit, redo: Redo) -> FileReport:
    """Report a file that is done."""
    published = tuple(
        Published(each.output.name, each.output.target, each.output.lines, each.output.bytes) for each in redo.outputs
    )
    claim = commit.claim
    return FileReport(
        name=claim.name,
        path=claim.found,
        state=State.DONE,
        failure=None,
        ledger=commit.ledger,
        published=published,
        bytes=commit.raw_bytes,
        seconds=commit.seconds,
    )


def report_of_failed(failed: Failed) -> FileReport:
    """Report a file that has failed."""
    claim = failed.claim
    return FileReport(
        name=claim.name,
        path=claim.found,
        state=State.FAILED,
        failure=Failure(failed.code, failed.reason, failed.traceback, failed.may_retry),
        ledger=failed.ledger or Ledger(),
        published=(),
        bytes=failed.raw_bytes,
        seconds=failed.seconds,
    )

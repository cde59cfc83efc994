"""What the catalog takes and gives: frozen values, paths as paths and times in seconds since 1970 (UTC)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from linemill.engine import DeadLetter, Ledger


class FileState(StrEnum):
    """Where a file is in its life. `waiting` and `ignored` files are seen in the inbox; the others are rows."""

    WAITING = "waiting"
    READY = "ready"
    WORKING = "working"
    COMMITTED = "committed"
    DONE = "done"
    FAILED = "failed"
    IGNORED = "ignored"


class AttemptState(StrEnum):
    """Where an attempt is. `taken_back` ones left nothing behind and do not count as a try."""

    WORKING = "working"
    COMMITTED = "committed"
    PUBLISHED = "published"
    FAILED = "failed"
    TAKEN_BACK = "taken_back"


class Origin(StrEnum):
    """How a file came to us."""

    INBOX = "inbox"
    """It arrived in a watched folder, and is ours from the claim on."""
    GIVEN = "given"
    """It was named on the command line, and stays where it is."""


class Kind(StrEnum):
    """Why an attempt is made."""

    FIRST = "first"
    RETRY = "retry"
    REPROCESS = "reprocess"
    """Replaces the outputs of the attempt before."""
    REDRIVE = "redrive"
    """Takes dead letters of the file through the pipeline as it is now; what is delivered is added to the outputs."""


class How(StrEnum):
    """How a staged output is published."""

    WHOLE = "whole"
    """Renamed over its target."""
    APPENDED = "appended"
    """Appended to its target at a recorded offset: growing outputs, and what a re-drive adds."""


class Role(StrEnum):
    """What a token lets somebody do; each one all that the one before does."""

    VIEWER = "viewer"
    """See everything but tokens."""
    OPERATOR = "operator"
    """Act on files and on the mill."""
    ADMIN = "admin"
    """Make and revoke tokens."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that is about to be claimed.

    Attributes:
        path: Where it is, absolute; None for standard input.
        name: Its name, as `{name}` says it.
        size: Bytes; -1 where unknown (a pipe).
        mtime_ns: Time of its last change, in nanoseconds; 0 where unknown.
        noticed_at: When it was first seen.
    """

    path: Path | None
    name: str
    size: int
    mtime_ns: int
    noticed_at: float


@dataclass(frozen=True, slots=True)
class SpanDone:
    """A span whose lines are durable in the staged outputs, together with all spans before it.

    Attributes:
        index: From 0, in the file's order.
        start: First byte.
        end: Byte after the last.
        ledger: Counts of this span.
        lengths: By output name (and `dead letters`): bytes of the staged file up to and with this span.
        pieces: By output name (and `dead letters`): length and checksum of what this span added.
    """

    index: int
    start: int
    end: int
    ledger: Ledger
    lengths: dict[str, int]
    pieces: dict[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt that is ours to work on.

    Attributes:
        file_id: The file's row.
        attempt_id: The attempt's row.
        origin: How the file came to us.
        kind: Why the attempt is made.
        name: The file's name as it came.
        life_name: The name that its outputs and its place in `processed/` have: the second `a.txt` is `a~2.txt`.
        found: Where it was found, absolute; None for standard input.
        place: Where it is to be read, absolute; None for standard input.
        size: Bytes when it was claimed; -1 where unknown.
        mtime_ns: Time of its last change then; 0 where unknown.
        tries: Attempts that failed before this one and count.
        day: What `{date}` says, ISO, UTC.
        version_id: The pipeline's version.
        noticed_at: When it was first seen.
        spans: What an attempt that was interrupted had made durable, in order; from the same version.
        wish: For a re-drive, which dead letters.
    """

    file_id: int
    attempt_id: int
    origin: Origin
    kind: Kind
    name: str
    life_name: str
    found: Path | None
    place: Path | None
    size: int
    mtime_ns: int
    tries: int
    day: str
    version_id: int
    noticed_at: float
    spans: tuple[SpanDone, ...] = ()
    wish: Wish | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked for, kept with the file until its attempt begins.

    Attributes:
        kind: RETRY, REPROCESS or REDRIVE.
        who: Who asked.
        append_again: For a reprocess: growing outputs may get the lines a second time.
        node: For a re-drive: only letters of this node; None for all.
        code: For a re-drive: only letters with this code; None for all.
    """

    kind: Kind
    who: str
    append_again: bool = False
    node: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StagedOutput:
    """One output of an attempt, staged and synced.

    Attributes:
        name: The output's name; `dead letters` for the file of dead letters.
        how: How it is published.
        target: Where it will be, absolute.
        staged: The hidden file, on the same file system.
        bytes: Bytes in it.
        lines: Lines in it.
        pieces: Lengths and checksums (XXH3, 64 bits, hexadecimal) of its consecutive parts; they add up to `bytes`.
        may_replace: A target that is there may be replaced; else the attempt takes the next free name.
    """

    name: str
    how: How
    target: Path
    staged: Path
    bytes: int
    lines: int
    pieces: tuple[tuple[int, str], ...]
    may_replace: bool = False


@dataclass(frozen=True, slots=True)
class Commit:
    """What an attempt has come to.

    Attributes:
        claim: The attempt.
        ledger: All counts, which agree.
        outputs: In the pipeline's order, the dead letters last.
        letters: Its dead letters, or the first thousand of them.
        raw_bytes: Raw bytes read.
        seconds: Time worked, in seconds.
        moves_to: Where the input goes; None where it stays, or is deleted (see `deletes`).
        deletes: The input is deleted.
        obsolete: Targets of earlier attempts that this one leaves behind, to be removed (a dead letters file that is no more).
        traces: Some lines and their ways, as `written_traces` writes them; empty for none.
    """

    claim: Claim
    ledger: Ledger
    outputs: tuple[StagedOutput, ...]
    letters: tuple[DeadLetter, ...]
    raw_bytes: int
    seconds: float
    moves_to: Path | None = None
    deletes: bool = False
    obsolete: tuple[Path, ...] = ()
    traces: bytes = b""


@dataclass(frozen=True, slots=True)
class ToPublish:
    """An output of a committed attempt that is to be published, or has been.

    Attributes:
        output_id: Its row.
        output: As it was staged.
        offset: Where it begins in its target; 0 for a whole one.
        is_published: Nothing is left to do.
    """

    output_id: int
    output: StagedOutput
    offset: int
    is_published: bool


@dataclass(frozen=True, slots=True)
class Redo:
    """All that is left to do for a committed attempt; may be done again after a crash.

    Attributes:
        file_id: The file's row.
        attempt_id: The attempt's row.
        kind: Why the attempt was made.
        name: The file's name as it came.
        noticed_at: When the file was first seen.
        outputs: In the order of the commit.
        place: Where the input is; None for standard input.
        moves_to: Where it goes; None where it stays.
        deletes: The input is deleted.
        obsolete: Files to remove.
    """

    file_id: int
    attempt_id: int
    kind: Kind
    name: str
    noticed_at: float
    outputs: tuple[ToPublish, ...]
    place: Path | None
    moves_to: Path | None
    deletes: bool
    obsolete: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt that came to nothing.

    Attributes:
        claim: The attempt.
        code: Stable.
        reason: In words.
        traceback: From the user's code; may be empty.
        next_try_at: When it is tried again; None if the file has failed for good.
        counts: Whether this try counts; what is the world's fault (a full disk) does not.
        moves_to: Where the input goes if the file failed for good; None where it stays.
        ledger: What was counted until then; None if nothing.
        may_retry: Whether another try may help, for whoever asks; where one is made, `next_try_at` says.
        raw_bytes: Raw bytes read.
        seconds: Time worked, in seconds.
    """

    claim: Claim
    code: str
    reason: str
    traceback: str
    next_try_at: float | None
    counts: bool = True
    moves_to: Path | None = None
    ledger: Ledger | None = None
    may_retry: bool = False
    raw_bytes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that works on the catalog.

    Attributes:
        id: 16 hexadecimal digits.
        pid: Its process.
        host: The computer it runs on.
        what: watch, run, or the name of a command.
        began_at: When it opened the catalog.
    """

    id: str
    pid: int
    host: str
    what: str
    began_at: float


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What is ours to finish, since those who began it are dead.

    Attributes:
        redos: Committed and not published, in the order of their commits; our own are among them.
        working: Attempts that were under way and are taken back, without their spans; not those that are forgotten.
    """

    redos: list[Redo]
    working: list[Claim]

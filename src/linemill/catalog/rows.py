"""What reading the catalog gives: frozen values, names and paths as they came, times in seconds since 1970 (UTC)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from linemill.catalog.records import AttemptState, FileState, How, Kind, Origin, Wish
from linemill.engine import NodeCounts, Traced

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list.

    Attributes:
        rows: In the order that was asked for.
        after: Where the next page begins, for the argument `after`; None if there is none.
    """

    rows: tuple[T, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file, one life.

    Attributes:
        id: Its row.
        origin: How it came.
        name: Its name as it came.
        number: The how manieth of this name.
        life_name: The name that its outputs have.
        found: Where it was found, absolute; None for standard input.
        place: Where it is now; None for standard input, and for one that was deleted.
        size: Bytes; -1 where unknown.
        mtime_ns: Time of its last change; 0 where unknown.
        state: Where it is in its life.
        since: When it came into this state.
        noticed_at: When it was first seen.
        done_at: When it was done; None if it is not.
        tries: Attempts that failed and count.
        next_try_at: When it is tried again; None if it is not waiting for that.
        wish: What somebody asked for, until its attempt begins.
        attempt_id: Its last attempt.
        code: Why it failed; None if it did not.
        reason: The same in words.
        traceback: From the user's code; empty if there is none.
        lines: Lines read.
        dead: Dead letters.
        raw_bytes: Raw bytes read.
        seconds: Time worked, in seconds.
    """

    id: int
    origin: Origin
    name: str
    number: int
    life_name: str
    found: Path | None
    place: Path | None
    size: int
    mtime_ns: int
    state: FileState
    since: float
    noticed_at: float
    done_at: float | None
    tries: int
    next_try_at: float | None
    wish: Wish | None
    attempt_id: int | None
    code: str | None
    reason: str | None
    traceback: str
    lines: int
    dead: int
    raw_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One try at a file.

    Attributes:
        id: Its row.
        file_id: The file's row.
        number: The how manieth of the file, from 1.
        kind: Why it was made.
        version_id: The pipeline's version.
        owner_id: Which process works on it, or did.
        day: What `{date}` says.
        state: Where it is.
        wish: For a re-drive, which dead letters.
        began_at: When it began.
        ended_at: When it was committed, failed or taken back; None while it is worked.
        code: Why it failed; None if it did not.
        reason: The same in words.
        lines: Lines read.
        dead: Dead letters.
        raw_bytes: Raw bytes read.
        seconds: Time worked, in seconds.
    """

    id: int
    file_id: int
    number: int
    kind: Kind
    version_id: int
    owner_id: str
    day: str
    state: AttemptState
    wish: Wish | None
    began_at: float
    ended_at: float | None
    code: str | None
    reason: str | None
    lines: int
    dead: int
    raw_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class OutputRow:
    """One output of an attempt.

    Attributes:
        id: Its row.
        attempt_id: The attempt.
        file_id: The attempt's file.
        name: The output's name; `dead letters` for the file of dead letters.
        how: How it is published.
        target: Where it is, absolute.
        offset: Where it begins there.
        bytes: Its bytes.
        lines: Its lines.
        pieces: Lengths and checksums of its consecutive parts.
        is_published: It is there; else it will be.
        replaced_by: The attempt whose output took its place; None if it stands.
    """

    id: int
    attempt_id: int
    file_id: int
    name: str
    how: How
    target: Path
    offset: int
    bytes: int
    lines: int
    pieces: tuple[tuple[int, str], ...]
    is_published: bool
    replaced_by: int | None

    @property
    def end(self) -> int:
        """The byte after its last one in the target."""
        return self.offset + self.bytes


@dataclass(frozen=True, slots=True)
class NodeRow:
    """What one node did in an attempt.

    Attributes:
        attempt_id: The attempt.
        node: The node's name.
        counts: What it did.
    """

    attempt_id: int
    node: str
    counts: NodeCounts


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A dead letter.

    Attributes:
        id: Its row.
        file_id: Its file.
        attempt_id: The attempt that left it.
        number: The number of its line; 0 for none.
        node: The node that broke on it; empty where no node had it yet.
        code: Why.
        fields: As in the file of dead letters: `file`, `line`, `error`, `text`, `traceback` and so on.
    """

    id: int
    file_id: int
    attempt_id: int
    number: int
    node: str
    code: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """All dead letters of one node and one code.

    Attributes:
        node: The node; empty where no node had them yet.
        code: Why.
        count: How many there are.
        newest: The last one.
        newest_at: When its attempt ended.
    """

    node: str
    code: str
    count: int
    newest: LetterRow
    newest_at: float


@dataclass(frozen=True, slots=True)
class TraceRow:
    """Some lines of an attempt, and their ways through the nodes.

    Attributes:
        attempt_id: The attempt.
        file_id: The attempt's file.
        file: The file's name as it came.
        lines: By number. Their texts are cut, and can be said in UTF-8; control characters are in them as they came.
    """

    attempt_id: int
    file_id: int
    file: str
    lines: tuple[Traced, ...]


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that was done or asked for.

    Attributes:
        id: Its row.
        at: When.
        who: Who did it.
        what: A word: `paused`, `retry`.
        file_id: Which file it is about; None for none.
        detail: In words.
    """

    id: int
    at: float
    who: str
    what: str
    file_id: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of the pipeline with its processors' modules.

    Attributes:
        id: Its row.
        digest: SHA-256 over all of it.
        loaded_at: When it was first loaded.
    """

    id: int
    digest: str
    loaded_at: float

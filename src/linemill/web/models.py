r"""What the API says, as values; pages are drawn from the same. Times are seconds since 1970 (UTC), names as `shown` writes them.

Text of lines is as it came, with bytes that are not UTF-8 written as `\xNN`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from linemill.catalog.records import AttemptState, FileState, How, Kind, Origin, Role


class Answer(BaseModel):
    """What all answers have in common: nothing in them changes, and nothing is in them that is not described."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Trouble(Answer):
    """Why a request was refused."""

    code: str = Field(description="Stable: `not_found`, `not_signed_in`, `forbidden`, `usage` and the like.")
    what: str = Field(description="What happened, in words.")
    where: str = Field("", description="What it is about: a parameter, a file. Empty if that is plain.")
    hint: str = Field("", description="What to do about it; may be empty.")


class Refusal(Answer):
    """The one body of all refusals."""

    error: Trouble


class Pause(Answer):
    """That nothing is begun, on somebody's wish."""

    who: str
    reason: str
    at: float


class MillNow(Answer):
    """Whether files are worked on."""

    is_running: bool
    pid: int | None = None
    host: str | None = None
    since: float | None = Field(None, description="When it began.")
    paused: Pause | None = None
    blocked: str | None = Field(None, description="Why it claims nothing at the moment, in words.")
    refused: str | None = Field(None, description="Why the pipeline file as it is now is not used, in words.")


class FileCounts(Answer):
    """Files of the catalog by state, now. Counting stops at 10,000 for each."""

    inbox: int | None = Field(None, description="Files in the inbox, as the mill saw it last; null where none runs.")
    ready: int = 0
    working: int = 0
    committed: int = 0
    failed: int = 0


class Totals(Answer):
    """What was done since the catalog was begun; a file that was done twice counts twice."""

    files: int = Field(0, description="Files done.")
    failed: int = Field(0, description="Files failed for good.")
    lines: int = 0
    dead: int = 0
    raw_bytes: int = 0


class Rates(Answer):
    """By the second, over the last ten seconds; over the last minute where nobody had asked for a while."""

    files: float = 0.0
    lines: float = 0.0
    dead: float = 0.0
    raw_bytes: float = 0.0


class NodeNow(Answer):
    """What a node has done since the catalog was begun, and does now."""

    name: str
    came: int = 0
    gave: int = 0
    dead: int = Field(0, description="Dead letters here, for whatever reason.")
    filtered: int = 0
    seconds: float = 0.0
    rate: float = Field(0.0, description="Items that came in, by the second.")
    dead_rate: float = 0.0
    stalled_since: float | None = Field(None, description="Since when a worker has stood still in it; null if none does.")


class RouteNow(Answer):
    """What went from a node to a target."""

    source: str
    target: str = Field(description="A node, an output or `drop`.")
    tags: tuple[str, ...] = Field((), description="The tags by which it goes there; `*` for all others.")
    count: int = 0
    rate: float = 0.0


class OutputNow(Answer):
    """What an output has got."""

    name: str
    count: int = Field(0, description="Items that were sent there.")
    rate: float = 0.0


class Point(Answer):
    """What was done in a period."""

    at: float = Field(description="When it began.")
    seconds: float = Field(description="Its length; of the last one, until now.")
    files: int = 0
    failed: int = 0
    lines: int = 0
    dead: int = 0
    raw_bytes: int = 0
    backlog: int | None = Field(None, description="Files that were ready and not done, at most; null where nobody looked.")
    latency_p50: float | None = Field(None, description="From noticed to published, seconds; null where nothing was done.")
    latency_p95: float | None = None


class NodePoint(Answer):
    """What a node did in a period."""

    at: float
    seconds: float
    came: int = 0
    dead: int = 0


Window = Literal["10m", "1h", "24h", "30d"]


class Stats(Answer):
    """`GET /stats`: what goes on now."""

    at: float
    pipeline: str = Field(description="Its name.")
    version: str | None = Field(None, description="The first twelve digits of the version's digest.")
    mill: MillNow
    files: FileCounts
    totals: Totals
    rates: Rates
    nodes: tuple[NodeNow, ...] = Field((), description="In topological order.")
    routes: tuple[RouteNow, ...] = ()
    outputs: tuple[OutputNow, ...] = ()
    window: Window = "10m"
    points: tuple[Point, ...] = Field((), description="Of the window, the oldest first.")


class FileItem(Answer):
    """A file, in a list."""

    id: int | None = Field(description="Its row; null for one that is only in the inbox.")
    name: str
    state: FileState
    origin: Origin | None = None
    why: str = Field(description="Why it is in this state, in a sentence.")
    next: str = Field(description="What happens next, and what somebody can do.")
    next_at: float | None = None
    size: int = Field(description="Bytes; -1 where unknown.")
    since: float = Field(description="When it came into this state; when it was last changed, for one in the inbox.")
    noticed_at: float | None = None
    done_at: float | None = None
    tries: int = 0
    code: str | None = Field(None, description="Why it failed; null if it did not.")
    reason: str | None = None
    lines: int = 0
    dead: int = 0
    raw_bytes: int = 0
    seconds: float = Field(0.0, description="Time worked.")


class FileList(Answer):
    """`GET /files`."""

    files: tuple[FileItem, ...]
    after: str | None = Field(description="For `after`: where the next page begins; null if there is none.")
    trouble: str | None = Field(None, description="Why the inbox was not looked at, in words; null if it was, or need not be.")
    inbox_has_more: bool = Field(False, description="There may be more files in the inbox than are listed.")


class NodeCount(Answer):
    """What a node did in an attempt."""

    node: str
    came: int
    gave: dict[str, int] = Field(description="By tag; an empty one for none.")
    sent: dict[str, int] = Field(description="By target.")
    filtered: int
    dead: int
    unrouted: int
    restarts: int
    seconds: float


class AttemptItem(Answer):
    """One try at a file."""

    id: int
    number: int
    kind: Kind
    state: AttemptState
    version_id: int
    began_at: float
    ended_at: float | None
    code: str | None
    reason: str | None
    lines: int
    dead: int
    raw_bytes: int
    seconds: float
    nodes: tuple[NodeCount, ...] = ()


class OutputItem(Answer):
    """An output of a file that stands."""

    id: int
    attempt_id: int
    name: str
    how: How
    target: str
    lines: int
    bytes: int
    is_published: bool
    href: str = Field(description="Where it can be had.")


class Letter(Answer):
    """A dead letter."""

    id: int
    file_id: int
    file: str
    attempt_id: int
    line: int = Field(description="Its number; 0 for none.")
    node: str = Field(description="Empty where no node had it yet.")
    code: str
    error: str
    text: str | None = Field(description="The line; null where it is too long to be kept.")
    item: Any = Field(None, description="What the node had, where that is not the line.")
    traceback: str = ""


class LetterGroup(Answer):
    """All dead letters of one node and one code."""

    node: str
    code: str
    count: int
    newest: Letter
    newest_at: float


class ErrorList(Answer):
    """`GET /errors`."""

    groups: tuple[LetterGroup, ...] = Field(description="The most frequent first.")
    letters: tuple[Letter, ...] = Field(description="The newest first; with the filters.")
    failed: tuple[FileItem, ...] = Field((), description="Files that failed as a whole, the newest first; without filters.")
    after: str | None


class Given(Answer):
    """One item that a node gave."""

    tag: str = Field(description="Empty for none.")
    item: str
    targets: tuple[str, ...] = Field((), description="Where it went.")


class Step(Answer):
    """A line's visit at a node, or its end in an output."""

    place: str = Field(description="The node or the output.")
    came: tuple[str, ...] = Field(description="What came, as text, cut at 300 characters.")
    gave: tuple[Given, ...] = ()
    more: int = Field(0, description="Items that are not listed.")


class TracedLine(Answer):
    """A line and its way."""

    file_id: int
    file: str
    attempt_id: int
    line: int
    text: str
    steps: tuple[Step, ...] = Field((), description="In the order of the nodes.")
    letters: tuple[Letter, ...] = Field((), description="What died of it.")


class Trace(Answer):
    """`GET /trace`."""

    lines: tuple[TracedLine, ...]
    after: str | None


class TimelineItem(Answer):
    """Something in the life of a file."""

    at: float
    what: str = Field(description="A word: noticed, began, committed, failed, done, retry and the like.")
    detail: str = ""
    who: str = ""


class FilePage(Answer):
    """`GET /files/{id}`."""

    file: FileItem
    place: str | None = Field(description="Where it is now; null for one that was deleted.")
    found: str | None = Field(description="Where it was found.")
    traceback: str = ""
    can: tuple[Literal["retry", "reprocess", "redrive"], ...] = Field((), description="What may be asked for now.")
    timeline: tuple[TimelineItem, ...]
    attempts: tuple[AttemptItem, ...]
    outputs: tuple[OutputItem, ...]
    letters: tuple[Letter, ...] = Field(description="The newest hundred.")
    traces: tuple[TracedLine, ...]


class NodeInfo(Answer):
    """A node of the pipeline."""

    name: str
    use: str = Field(description="The import path of its processor.")
    mode: str
    settings: dict[str, Any]
    routes: dict[str, tuple[str, ...]] = Field(description="Tag, or `*`, to targets.")
    on_error: str
    line_timeout_s: float | None
    doc: str = Field("", description="The first line of the processor's docstring.")


class OutputInfo(Answer):
    """An output of the pipeline."""

    name: str
    path: str
    is_growing: bool


class VersionItem(Answer):
    """A version of the pipeline."""

    id: int
    digest: str
    loaded_at: float
    is_current: bool = False


class PipelineInfo(Answer):
    """`GET /pipeline`."""

    name: str
    path: str
    entry: str
    nodes: tuple[NodeInfo, ...]
    outputs: tuple[OutputInfo, ...]
    text: str
    versions: tuple[VersionItem, ...]
    after: str | None


class NodePage(Answer):
    """`GET /pipeline/nodes/{name}`."""

    node: NodeInfo
    now: NodeNow
    window: Window = "1h"
    points: tuple[NodePoint, ...]
    groups: tuple[LetterGroup, ...]
    traces: tuple[TracedLine, ...]


class Difference(Answer):
    """What changed in one text from one version to another."""

    path: str = Field(description="`pipeline.yaml`, or the module.")
    lines: tuple[str, ...] = Field(description="As `diff -u` has them, with the sign in front.")


class VersionPage(Answer):
    """`GET /pipeline/versions/{id}`."""

    version: VersionItem
    against: VersionItem | None = Field(description="The version that it is held against: the one before, if none is named.")
    text: str
    sources: dict[str, str]
    differences: tuple[Difference, ...]


class EventItem(Answer):
    """Something that somebody did, or asked for."""

    id: int
    at: float
    who: str
    what: str
    file_id: int | None
    file: str | None
    detail: str


class EventList(Answer):
    """`GET /events`."""

    events: tuple[EventItem, ...]
    after: str | None


class Asked(Answer):
    """What an action says: it is wished, and will be done."""

    asked: str
    files: tuple[int, ...] = ()
    mill: MillNow


class Uploaded(Answer):
    """A file that was taken."""

    name: str = Field(description="The name that it has in the inbox.")
    size: int
    href: str = Field(description="Its page.")


class Uploads(Answer):
    """`POST /files`."""

    files: tuple[Uploaded, ...]


class TokenItem(Answer):
    """A token; what it says itself is shown only once, when it is made."""

    id: int
    name: str
    role: Role
    made_at: float
    expires_at: float | None
    revoked_at: float | None
    is_valid: bool


class TokenList(Answer):
    """`GET /tokens`."""

    tokens: tuple[TokenItem, ...]


class TokenMade(Answer):
    """`POST /tokens`."""

    token: TokenItem
    secret: str = Field(description="Shown this once.")


class SignIn(Answer):
    """`GET /sign-in`."""

    is_needed: bool = Field(description="Whether anybody has to sign in: not before the first token is made.")
    back: str = Field(description="Where to go on.")
    error: str = Field("", description="Why it failed, in words.")


class SignedIn(Answer):
    """`POST /sign-in`; the cookie is in the answer's headers."""

    name: str
    role: Role


class Health(Answer):
    """`GET /health`: the process answers."""

    is_alive: Literal[True] = True
    version: str


class Readiness(Answer):
    """`GET /ready`: whether files are taken."""

    is_ready: bool
    reasons: tuple[str, ...] = Field((), description="Why not, in words.")

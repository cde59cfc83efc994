"""One file: its life, its attempts, and what came of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from linemill.catalog.records import AttemptState, How, Kind
from linemill.web.models.answer import Answer
from linemill.web.models.files import FileItem
from linemill.web.models.letters import Letter
from linemill.web.models.traces import TracedLine


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

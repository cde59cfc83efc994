"""What goes on now, and what was done lately."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from linemill.web.models.answer import Answer
from linemill.web.models.mill import MillNow


class FileCounts(Answer):
    """Files of the catalog by state, and what waits for somebody, now. Counting stops at 10,000 for each."""

    inbox: int | None = Field(None, description="Files in the inbox, as the mill saw it last; null where none runs.")
    ready: int = 0
    working: int = 0
    committed: int = 0
    failed: int = 0
    letters: int = Field(0, description="Dead letters that stand; the catalog keeps the first thousand of each attempt.")


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

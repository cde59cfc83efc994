"""Whether the mill works, whether it takes files, and what was wished of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from linemill.web.models.answer import Answer


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


class Asked(Answer):
    """What an action says: it is wished, and will be done."""

    asked: str
    files: tuple[int, ...] = ()
    mill: MillNow


class Health(Answer):
    """`GET /health`: the process answers."""

    is_alive: Literal[True] = True
    version: str


class Readiness(Answer):
    """`GET /ready`: whether files are taken."""

    is_ready: bool
    reasons: tuple[str, ...] = Field((), description="Why not, in words.")

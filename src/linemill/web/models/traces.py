"""Lines and their ways."""

from __future__ import annotations

from pydantic import Field

from linemill.web.models.answer import Answer
from linemill.web.models.letters import Letter


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

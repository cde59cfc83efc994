"""Dead letters: lines that could not be processed, with everything one needs to see why."""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any

TEXT_LIMIT = 10_000
"""Characters of a line, an item or a traceback that a dead letter keeps: enough to see, small enough to store by the thousand."""

FRAMES_LIMIT = 1_000
"""Places in the code whose frames are kept formatted: recursion can make as many of them as there are lines."""


class DeadCode(StrEnum):
    """Why a line is dead. Stable: shown in files, the catalog and the API."""

    RAISED = "raised"
    """The processor raised."""
    TIMEOUT = "timeout"
    """The processor stayed on the line for longer than `line_timeout`."""
    TOO_MANY = "too_many"
    """The line gave more items than `max_yield`."""
    UNROUTED = "unrouted"
    """The processor gave a tag that has no route."""
    NOT_JSON = "not_json"
    """A record that JSON cannot say arrived at an output."""
    NOT_TEXT = "not_text"
    """Text that UTF-8 cannot say arrived at an output."""
    TOO_LONG = "too_long"
    """The line is longer than `max_line`; kept by reference."""


class Form(StrEnum):
    """How an item that is no text is written in a dead letter."""

    JSON = "json"
    """As JSON, which gives the very same again."""
    REPR = "repr"
    """For people only: JSON cannot say it, or not all of it."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A line that could not be processed.

    Attributes:
        number: Its line number, from 1; 0 for what a stream gave before it read anything.
        node: The node that broke on it; empty where no node had it yet.
        code: Why.
        error: The reason in words, cut at `TEXT_LIMIT`.
        text: The input line, cut at `TEXT_LIMIT`; None where its bytes were never held.
        item: What the node was given, where that is not the input line itself; cut likewise.
        traceback: From the user's code on; empty where nothing was raised.
        offset: Byte offset of the line, for `TOO_LONG`.
        length: Its bytes, for `TOO_LONG`.
        form: How what the node was given is written in `item` (in `text`, where there is no `item`); None for text as it is.
    """

    number: int
    node: str
    code: DeadCode
    error: str
    text: str | None
    item: str | None = None
    traceback: str = ""
    offset: int | None = None
    length: int | None = None
    form: Form | None = None


def shortened(text: str) -> str:
    """Cut a text at `TEXT_LIMIT` characters; a cut one ends in an ellipsis."""
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + "…"


def as_text(item: Any) -> str:
    """Show an item as text: itself, else JSON, else its `repr`; cut at `TEXT_LIMIT`."""
    return written(item)[0]


def written(item: Any) -> tuple[str, Form | None]:
    """Write an item as text, cut at `TEXT_LIMIT`, and say in which form; None for what is text."""
    if isinstance(item, str):
        return shortened(str.__str__(item)), None
    try:
        text = json.dumps(item, ensure_ascii=False)
        is_same = len(text) <= TEXT_LIMIT and bool(json.loads(text) == item)
    except Exception:  # a stranger's object, as below
        return shortened(_said(repr, item)), Form.REPR
    return shortened(text), Form.JSON if is_same else Form.REPR


def reason(error: BaseException) -> str:
    """Say an exception in one sentence: its type and its text."""
    text = _said(str, error)
    name = type(error).__name__
    return shortened(f"{name}: {text}" if text else name)


def _said(say: Any, value: Any) -> str:
    """Call `str` or `repr` on a stranger's object, whose own method may raise."""
    try:
        return str.__str__(say(value))
    except Exception as error:
        return f"<{type(value).__name__}, whose text could not be made: {type(error).__name__}>"


class Tracebacks:
    """Formats tracebacks that begin in the user's code.

    The frames of one place in the code are formatted once, since a bad file raises from the same place a thousand times.
    """

    def __init__(self) -> None:
        self._frames: dict[tuple[tuple[str, int], ...], str] = {}

    def of(self, error: BaseException) -> str:
        """Format an exception without the frames of the engine and of the retry library, cut at `TEXT_LIMIT`."""
        frames = _users(error.__traceback__)
        says_more = isinstance(error, BaseExceptionGroup) or hasattr(error, "__notes__")
        if says_more or error.__cause__ is not None or error.__context__ is not None:
            return _tail("".join(traceback.format_exception(type(error), error, frames)))
        places = tuple((frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(frames))
        if places not in self._frames:
            if len(self._frames) == FRAMES_LIMIT:
                self._frames.clear()
            self._frames[places] = "".join(traceback.format_tb(frames))
        head = "Traceback (most recent call last):\n" + self._frames[places] if places else ""
        return _tail(head + reason(error) + "\n")


def _users(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith(_NOT_THE_USERS):
        trace = trace.tb_next
    return trace


def _tail(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else "…" + text[-TEXT_LIMIT:]


_NOT_THE_USERS = ("linemill.engine.", "stamina", "tenacity", "concurrent.futures")
"""Modules between the engine and a processor. A user's own are below a package of their pipeline."""

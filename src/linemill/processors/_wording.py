"""Values and lines as messages and text show them; for the processors of this package."""

from __future__ import annotations

import json
from typing import Any

# Not orjson: it refuses text that holds bytes which are no UTF-8.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode

_EXCERPT_CHARS = 80
"""Enough to recognize a line by; the dead letter holds the whole of it."""


def excerpt(text: object) -> str:
    """Quote the beginning of a text, on one line and without control characters."""
    whole = text if isinstance(text, str) else as_text(text)
    return repr(whole) if len(whole) <= _EXCERPT_CHARS else f"{whole[:_EXCERPT_CHARS]!r}…"


def as_text(value: object) -> str:
    """Write text as it is and any other value as JSON would, on one line."""
    if isinstance(value, str):
        return value
    return str(value) if type(value) is int else _encode(value)


def kind_of(value: object) -> str:
    """Name the kind of a value in the words of JSON."""
    if value is None:
        return "null"
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return type(value).__name__


# A bool is an int in Python and not in JSON, so it is asked for first.
_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "a boolean"),
    ((int, float), "a number"),
    (str, "text"),
    (list, "an array"),
    (dict, "an object"),
)

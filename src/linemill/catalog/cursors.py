"""Where a page of a list ends, as text that can stand in an address."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

from linemill.catalog.encoding import LARGEST
from linemill.errors import UsageError


def written_cursor(name: str, *place: Any) -> str:
    """Write the keys of the last row of a page of the list of this name."""
    return base64.urlsafe_b64encode(json.dumps([name, *place]).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, name: str, *kinds: type) -> list[Any] | None:
    """Read the keys back; None for the first page.

    Args:
        cursor: As somebody gave it.
        name: The list's.
        kinds: What each key is: `float` (a time), `int` or `str`.

    Raises:
        UsageError: It was written for another list, or is none.
    """
    if cursor is None:
        return None
    try:
        written = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        found: str | None
        place: list[Any]
        found, *place = written
    except (ValueError, TypeError, RecursionError):
        found, place = None, []
    if found != name or len(place) != len(kinds) or not all(map(_fits, place, kinds)):
        raise UsageError(f"there is no page after {cursor!r} in this list", hint="begin with the first page")
    return place


def _fits(key: Any, kind: type) -> bool:
    """Tell whether a database takes a key: it comes from outside, whatever we once wrote."""
    if isinstance(key, str):
        return kind is str and key.isprintable()
    is_number = isinstance(key, int) and not isinstance(key, bool)
    if kind is float:
        is_number = is_number or (isinstance(key, float) and math.isfinite(key))
    return kind is not str and is_number and abs(key) <= LARGEST

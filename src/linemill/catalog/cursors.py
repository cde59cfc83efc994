"""Where a page of a list ends, as text that can stand in an address."""

from __future__ import annotations

import base64
import json
from typing import Any

from linemill.errors import UsageError


def written_cursor(name: str, *place: Any) -> str:
    """Write the keys of the last row of a page of the list of this name."""
    return base64.urlsafe_b64encode(json.dumps([name, *place]).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, name: str) -> list[Any] | None:
    """Read the keys back; None for the first page.

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
    except (ValueError, TypeError):
        found, place = None, []
    if found != name or not place:
        raise UsageError(f"there is no page after {cursor!r} in this list", hint="begin with the first page")
    return place

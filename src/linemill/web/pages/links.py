"""Links to the page that is looked at, with another query."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode


def with_query(path: str, asked: Mapping[str, object], **changes: object) -> str:
    """Give a path with the query that was asked for, changed here and there.

    Args:
        path: The path, without a query.
        asked: The query as it is.
        changes: What is different in it; None or empty text takes something out.
    """
    query = {name: value for name, value in {**asked, **changes}.items() if value not in (None, "")}
    return f"{path}?{urlencode(query, errors='replace')}" if query else path

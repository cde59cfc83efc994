"""Links of this site: to what is looked at, with another query, and to where somebody who has acted goes on."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from starlette.types import Scope

LONGEST_PATH = 2000
"""Characters of a path to go on to."""


def path_of(scope: Scope) -> str:
    """Give the path that is asked for, as links have it."""
    return quote(scope["path"], errors="replace")


def with_query(path: str, asked: Mapping[str, object], **changes: object) -> str:
    """Give a path with the query that was asked for, changed here and there.

    Args:
        path: The path, without a query.
        asked: The query as it is.
        changes: What is different in it; None or empty text takes something out.
    """
    query = {name: value for name, value in {**asked, **changes}.items() if value not in (None, "")}
    return f"{path}?{urlencode(query, errors='replace')}" if query else path


def own_path(text: str, otherwise: str) -> str:
    r"""Give a path of this site that a request names to go on to; another one where it names something else.

    Browsers take `//other.example`, `/\other.example` and either with a tab in it for another site.
    """
    is_own = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return text if is_own and len(text) <= LONGEST_PATH and all("!" <= one <= "~" for one in text) else otherwise

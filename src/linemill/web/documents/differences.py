"""What changed from one version of a pipeline to another, as `diff -u` says it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from linemill.web.documents.texts import said
from linemill.web.models import Difference

TEXT_LIMIT = 200_000
"""Characters of a text that are shown and compared."""

LINES_LIMIT = 5_000
"""Lines of all differences together."""

LINES_COMPARED = 10_000
"""Lines that two texts may have together to be compared: 0.3 s at worst, and four times that for twice as many."""


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Difference, ...]:
    """Tell the differences of texts by their paths, the pipeline file's first; those that are alike are left out.

    Args:
        old: Texts by path, as they are shown.
        new: The same, later.
    """
    return tuple(_differences(old, new))


def cut(text: str) -> str:
    """Cut a text that is too long to be shown, and say so in its last line."""
    if len(text) <= TEXT_LIMIT:
        return said(text)
    return f"{said(text[:TEXT_LIMIT])}\n(cut: it has {len(text):,} characters)"


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Difference]:
    left = LINES_LIMIT
    for path in [*new, *(path for path in old if path not in new)]:
        before, after = old.get(path), new.get(path)
        if before == after:
            continue
        if left <= 0:
            yield Difference(path=said(path), lines=("(it differs, too; there is no room to show how)",))
            continue
        lines = list(_lines(path, before, after))
        shown = lines[:left]
        if len(lines) > len(shown):
            shown.append(f"(and {len(lines) - len(shown):,} more lines)")
        left -= len(shown)
        yield Difference(path=said(path), lines=tuple(map(said, shown)))


def _lines(path: str, before: str | None, after: str | None) -> Iterator[str]:
    old = [] if before is None else before.split("\n")
    new = [] if after is None else after.split("\n")
    old_name, new_name = (path if text is not None else "/dev/null" for text in (before, after))
    if len(old) + len(new) <= LINES_COMPARED:
        yield from difflib.unified_diff(old, new, old_name, new_name, lineterm="")
    else:
        yield from (f"--- {old_name}", f"+++ {new_name}", "(too long to be compared line by line)")

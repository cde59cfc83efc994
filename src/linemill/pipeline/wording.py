"""Say what was found and what is allowed: the words that all messages about a pipeline file share."""

from __future__ import annotations

from collections.abc import Collection, Iterable

SHOWN_CHARACTERS = 60
"""Longer text is cut in messages: the place tells the rest."""


def describe(value: object) -> str:
    """Name a value as a reader of YAML would."""
    if value is None:
        return "nothing"
    if value is True or value is False:
        return str(value).lower()
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, int | float):
        text = repr(value)
        return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
    if isinstance(value, list):
        return "a list"
    return "a mapping"


def quote(text: str) -> str:
    """Put text in quotes, on one line and cut to a length that can be read."""
    return f'"{printable(text[:SHOWN_CHARACTERS])}…"' if len(text) > SHOWN_CHARACTERS else f'"{printable(text)}"'


def printable(text: str) -> str:
    """Write what would move a terminal's cursor, or worse, as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def listing(words: Iterable[str], last: str = "or") -> str:
    """Join words as a sentence does: `a, b or c`."""
    several = list(words)
    if len(several) < 2:
        return "".join(several)
    return f"{', '.join(several[:-1])} {last} {several[-1]}"


def allowed(words: Collection[str]) -> str:
    """Say what is allowed in place of something that is not."""
    return f"allowed {'is' if len(words) == 1 else 'are'} {listing(words, 'and')}" if words else "none is allowed"


def nearest(word: str, among: Iterable[str]) -> str | None:
    """Find the right spelling that is nearest to a word, if any is near."""
    import difflib

    folded: dict[str, str] = {}
    for candidate in among:
        folded.setdefault(candidate.casefold(), candidate)
    found = difflib.get_close_matches(word[:200].casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(word: str, among: Iterable[str]) -> str:
    """Ask for the nearest right spelling; empty where none is near."""
    found = nearest(word, among)
    return f"did you mean {quote(found)}?" if found else ""

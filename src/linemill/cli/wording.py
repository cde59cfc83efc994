"""Text for a terminal: names, numbers and other people's words, harmless and readable."""

from __future__ import annotations

import os
from pathlib import Path


def visible(text: str, *, lines: bool = False) -> str:
    r"""Escape what a terminal would act on or not show: `\n`, `\x1b`, bytes that were not UTF-8.

    Args:
        text: Other people's words: lines, tags, messages. Names of files are for `linemill.files.names.shown`.
        lines: Keep newlines and tabs: the text is meant as several lines.
    """
    if text.isprintable():
        return text
    from linemill.files.names import harmless

    return harmless(text, lines=lines)


def name_of(name: str) -> str:
    """Show a file's name: nothing in it moves the cursor or ends a line, and no two names are shown alike."""
    from linemill.files.names import shown  # the package of files is more than `--help` has time for

    return shown(name)


def cut(text: str, length: int) -> str:
    """Show the beginning of a text that is longer than `length`, with an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def near(path: Path) -> str:
    """Show a path, from the current folder if it lies inside."""
    from linemill.files.names import shown

    return shown(os.path.relpath(path) if path.is_absolute() and path.is_relative_to(Path.cwd()) else path)


def count(number: int, noun: str) -> str:
    """Say a number of things: `1 line`, `1,200 lines`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """Say how long something took: `0.25 s`, `12.3 s`, `3 min 5 s`, `2 h 4 min`."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def size(number: float) -> str:
    """Say a number of bytes: `812 B`, `1.5 kB`, `33 MB`; a kB is 1000 bytes."""
    if number < 1000:
        return f"{number:.0f} B"
    for unit in ("kB", "MB", "GB"):
        number /= 1000
        if number < 999.5:
            return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"
    return f"{number / 1000:,.1f} TB"

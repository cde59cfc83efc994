"""Pieces of SVG, and how much room words need in it."""

from __future__ import annotations

import unicodedata
from html import escape

from linemill.files.names import harmless

LONGEST_TEXT = 44
"""Longer names and paths are shortened in the middle; the whole text stands in the box's title."""


def rectangle(looks: str, left: float, top: float, width: float, height: float, radius: int) -> str:
    """Draw a rectangle; `looks` are its classes."""
    return f'<rect class="{looks}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius}"/>'


def label(looks: str, x: float, y: float, words: str) -> str:
    """Draw words; `looks` are their classes."""
    return f'<text class="{looks}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def short(words: str, longest: int = LONGEST_TEXT) -> str:
    """Show words on one line, with nothing in them that cannot be seen, and without their middle if they are long."""
    words = harmless(words)
    if len(words) <= longest:
        return words
    half = longest // 2
    return f"{words[: half - 1]}…{words[-half:]}"


def width_of(words: str, font_size: float, share: float = 0.56) -> float:
    """Estimate the width of text; `share` is that of a common character, wide ones (CJK, emoji) take a whole em."""
    return sum(font_size if unicodedata.east_asian_width(char) in "WF" else font_size * share for char in words)

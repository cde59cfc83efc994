"""Change the case of letters."""

from __future__ import annotations

from typing import Literal

_CHANGES = {"lower": str.lower, "upper": str.upper, "title": str.title, "capitalize": str.capitalize, "swap": str.swapcase}


def case(line: str, *, to: Literal["lower", "upper", "title", "capitalize", "swap"]) -> str:
    """Change the case of the letters of each line.

    Settings:
        to: `lower`, `upper`, `title` (Each Word), `capitalize` (The first letter only) or `swap`.

    Example:
        nodes:
          shout:
            use: linemill.processors:case
            with: {to: upper}
            to: loud
        outputs:
          loud: out/{name}

    Given:
        Disk is full
        straße

    Gives:
        DISK IS FULL
        STRASSE
    """
    return _CHANGES[to](line)

"""Take blanks off the ends of lines."""

from __future__ import annotations

from typing import Literal


def strip(line: str, *, chars: str | None = None, side: Literal["both", "left", "right"] = "both") -> str:
    """Take blanks, or the characters that you name, off the ends of each line.

    Settings:
        chars: The characters to take off, in any order; blanks of every kind if not given.
        side: Which end: `both`, `left` or `right`.

    Example:
        nodes:
          clean:
            use: linemill.processors:strip
            with: {chars: "# "}
            to: cleaned
        outputs:
          cleaned: out/{name}

    Given:
        ## Heading ##
          indented

    Gives:
        Heading
        indented
    """
    if side == "both":
        return line.strip(chars)
    return line.lstrip(chars) if side == "left" else line.rstrip(chars)

"""Let the first lines through."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice


class head:  # noqa: N801 - named as it is used in YAML
    """Let the first lines of a file through and stop.

    Settings:
        count: How many lines.

    Example:
        nodes:
          first:
            use: linemill.processors:head
            with: {count: 2}
            to: top
        outputs:
          top: out/{name}

    Given:
        one
        two
        three

    Gives:
        one
        two
    """

    def __init__(self, *, count: int = 10) -> None:
        if count < 0:
            raise ValueError(f"count must be 0 or more, found {count}")
        self._count = count

    def __call__(self, lines: Iterator[str]) -> Iterator[str]:
        """Return the first lines; no further line is asked for."""
        return islice(lines, self._count)

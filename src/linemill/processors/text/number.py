"""Number lines."""

from __future__ import annotations

from linemill.processors._template import Template


class number:  # noqa: N801 - named as it is used in YAML
    """Put the running number before each line that comes to this node.

    Settings:
        format: How the two are written: `{number}` and `{line}`, each with a Python format if you like.
        start: The first number.

    Example:
        nodes:
          number:
            use: linemill.processors:number
            with: {format: "{number:>3}  {line}", start: 99}
            to: numbered
        outputs:
          numbered: out/{name}

    Given:
        first
        second

    Gives:
         99  first
        100  second
    """

    def __init__(self, *, format: str = "{number} {line}", start: int = 1) -> None:
        unknown = [field for field in Template(format).fields if field not in ("number", "line")]
        if unknown:
            raise ValueError(f"format may name {{number}} and {{line}}, found {{{unknown[0]}}}")
        self._format = format.format
        self._next = start

    def __call__(self, line: str) -> str:
        """Return the line with its number."""
        here = self._next
        self._next += 1
        return self._format(number=here, line=line)

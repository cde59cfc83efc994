"""Keep lines by a pattern."""

from __future__ import annotations

from linemill.processors._pattern import compile_finder


class keep:  # noqa: N801 - named as it is used in YAML
    r"""Keep the lines in which a regular expression is found, and filter the others.

    Settings:
        pattern: The regular expression (Python's `re`); it may match anywhere in the line.
        ignore_case: Whether capitals and small letters are the same.

    Example:
        nodes:
          choose:
            use: linemill.processors:keep
            with: {pattern: '\b(ERROR|FATAL)\b'}
            to: problems
        outputs:
          problems: out/{name}

    Given:
        10:00 INFO started
        10:01 ERROR disk is full

    Gives:
        10:01 ERROR disk is full
    """

    splittable = True

    def __init__(self, *, pattern: str, ignore_case: bool = False) -> None:
        self._is_found = compile_finder(pattern, ignore_case=ignore_case)

    def __call__(self, line: str) -> str | None:
        """Return the line, or None if the pattern is not in it."""
        return line if self._is_found(line) else None

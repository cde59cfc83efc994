"""Drop lines by a pattern."""

from __future__ import annotations

from linemill.processors._pattern import compile_finder


class drop:  # noqa: N801 - named as it is used in YAML
    r"""Filter the lines in which a regular expression is found, and keep the others.

    Settings:
        pattern: The regular expression (Python's `re`); it may match anywhere in the line.
        ignore_case: Whether capitals and small letters are the same.

    Example:
        nodes:
          no-comments:
            use: linemill.processors:drop
            with: {pattern: '^\s*(#|$)'}
            to: lines
        outputs:
          lines: out/{name}

    Given:
        # a comment
        a line # with a remark

        the last line

    Gives:
        a line # with a remark
        the last line
    """

    splittable = True

    def __init__(self, *, pattern: str, ignore_case: bool = False) -> None:
        self._is_found = compile_finder(pattern, ignore_case=ignore_case)

    def __call__(self, line: str) -> str | None:
        """Return the line, or None if the pattern is in it."""
        return None if self._is_found(line) else line

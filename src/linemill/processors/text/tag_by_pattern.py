"""Tag lines by patterns."""

from __future__ import annotations

from linemill.processors._pattern import compile_finder


class tag_by_pattern:  # noqa: N801 - named as it is used in YAML
    r"""Tag each line by the first of some regular expressions that is found in it.

    Patterns are tried in the order in which they are written. A line in which none is found goes on without a tag, along
    the route `"*"`. A pattern that begins with `(?i)` does not tell capitals from small letters.

    Settings:
        **patterns: Each setting is a tag and its regular expression (Python's `re`).

    Example:
        nodes:
          level:
            use: linemill.processors:tag_by_pattern
            with: {error: '\bERROR\b', warn: '\bWARN'}
            to: {error: errors, warn: warnings, "*": general}
        outputs:
          errors: out/errors/{name}
          warnings: out/warnings/{name}
          general: out/general/{name}

    Given:
        10:00 INFO started
        10:01 WARNING disk is nearly full
        10:02 ERROR disk is full, WARN ignored

    Gives:
        10:00 INFO started
        [warn] 10:01 WARNING disk is nearly full
        [error] 10:02 ERROR disk is full, WARN ignored
    """

    splittable = True

    def __init__(self, /, **patterns: str) -> None:
        if not patterns:
            raise ValueError("give at least one tag with its pattern, such as error: '\\bERROR\\b'")
        self._finders = tuple((tag, compile_finder(pattern)) for tag, pattern in patterns.items())

    def __call__(self, line: str) -> str | tuple[str, str]:
        """Return the line with its tag, or alone if it gets none."""
        for tag, is_found in self._finders:
            if is_found(line):
                return tag, line
        return line

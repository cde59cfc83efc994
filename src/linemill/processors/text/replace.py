"""Replace what a regular expression finds."""

from __future__ import annotations

import re

from linemill.processors._pattern import compile_pattern


class replace:  # noqa: N801 - named as it is used in YAML
    r"""Replace what a regular expression finds in each line.

    Settings:
        pattern: The regular expression (Python's `re`).
        by: What to put there; `\1` and `\g<name>` stand for groups. Nothing, if not given.
        count: How many to replace in a line, from the left; 0 for all.
        ignore_case: Whether capitals and small letters are the same.

    Example:
        nodes:
          hide:
            use: linemill.processors:replace
            with: {pattern: 'password=\S+', by: 'password=***'}
            to: safe
        outputs:
          safe: out/{name}

    Given:
        login user=ann password=secret from 10.0.0.1
        logout user=ann

    Gives:
        login user=ann password=*** from 10.0.0.1
        logout user=ann
    """

    splittable = True

    def __init__(self, *, pattern: str, by: str = "", count: int = 0, ignore_case: bool = False) -> None:
        if count < 0:
            raise ValueError(f"count must be 0 (all) or more, found {count}")
        self._substitute = compile_pattern(pattern, ignore_case=ignore_case).sub
        self._by = by
        self._count = count
        try:
            self._substitute(by, "")  # an unknown group shows now, not at the first line
        except (re.error, IndexError) as error:
            raise ValueError(f"by: {by!r} does not fit the pattern {pattern!r}: {error}") from None

    def __call__(self, line: str) -> str:
        """Return the line with its matches replaced."""
        return self._substitute(self._by, line, self._count)

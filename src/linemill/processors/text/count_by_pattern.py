"""Count lines by patterns."""

from __future__ import annotations

from collections.abc import Iterator

from linemill.processors._pattern import compile_finder


class count_by_pattern:  # noqa: N801 - named as it is used in YAML
    r"""Count the lines of a file by patterns, and give one record with the counts at its end.

    A line counts for the first pattern, in the order in which they are written, that is found in it, or else as `other`:
    the counts add up to `lines`. The lines themselves end here.

    Settings:
        **patterns: Each setting is the name of a count and its regular expression (Python's `re`).

    Example:
        nodes:
          count:
            use: linemill.processors:count_by_pattern
            with: {errors: '\bERROR\b', warnings: '\bWARN'}
            to: summary
        outputs:
          summary: out/{name}.json

    Given:
        10:00 INFO started
        10:01 WARN disk is nearly full
        10:02 ERROR disk is full
        10:03 ERROR disk is full

    Gives:
        {"errors":2,"warnings":1,"other":1,"lines":4}
    """

    def __init__(self, /, **patterns: str) -> None:
        if not patterns:
            raise ValueError("give at least one name with its pattern, such as errors: '\\bERROR\\b'")
        taken = [name for name in patterns if name in ("other", "lines")]
        if taken:
            raise ValueError(f"{taken[0]!r} is the name of a count that is always there; choose another name")
        self._finders = tuple((name, compile_finder(pattern)) for name, pattern in patterns.items())

    def __call__(self, lines: Iterator[str]) -> Iterator[dict[str, int]]:
        """Read all lines, then yield the counts."""
        counts = {name: 0 for name, _ in self._finders} | {"other": 0}
        for line in lines:
            for name, is_found in self._finders:
                if is_found(line):
                    counts[name] += 1
                    break
            else:
                counts["other"] += 1
        yield counts | {"lines": sum(counts.values())}

"""Parse lines with a regular expression."""

from __future__ import annotations

from linemill.processors._pattern import compile_pattern
from linemill.processors._wording import excerpt


class parse_regex:  # noqa: N801 - named as it is used in YAML
    r"""Parse each line with a regular expression and give its named groups as a record.

    Values are text; a group that took no part in the match is null. A line in which the pattern is not found is a dead letter.

    Settings:
        pattern: The regular expression (Python's `re`) with groups such as `(?P<level>[A-Z]+)`; it may match
            anywhere in the line.
        ignore_case: Whether capitals and small letters are the same.

    Example:
        nodes:
          parse:
            use: linemill.processors:parse_regex
            with: {pattern: '^(?P<time>\S+) (?P<level>[A-Z]+) (?P<message>.*)$'}
            to: records
        outputs:
          records: out/{stem}.jsonl

    Given:
        10:00 INFO started
        10:01 ERROR disk is full

    Gives:
        {"time":"10:00","level":"INFO","message":"started"}
        {"time":"10:01","level":"ERROR","message":"disk is full"}
    """

    splittable = True

    def __init__(self, *, pattern: str, ignore_case: bool = False) -> None:
        compiled = compile_pattern(pattern, ignore_case=ignore_case)
        if not compiled.groupindex:
            raise ValueError(f"the pattern {pattern!r} has no named group; write (?P<name>...) around each part to keep")
        self._search = compiled.search
        self._pattern = pattern

    def __call__(self, line: str) -> dict[str, str | None]:
        """Return the named groups.

        Raises:
            ValueError: The pattern is not found in the line.
        """
        match = self._search(line)
        if match is None:
            raise ValueError(f"expected a line that matches {self._pattern!r}, found {excerpt(line)}")
        return match.groupdict()

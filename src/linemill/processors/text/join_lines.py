"""Join lines that belong together."""

from __future__ import annotations

from collections.abc import Iterator

from linemill.processors._pattern import compile_finder


class join_lines:  # noqa: N801 - named as it is used in YAML
    r"""Join lines that belong together, such as a stack trace and the message before it.

    A line in which the start pattern is found begins a new text, and the lines after it are appended. Lines before the
    first start are joined as well. A text that reaches a limit goes on in a new one, so that memory stays bounded and
    nothing is lost. With the separator `\n` an output shows the lines as they were; what lies between sees one text.

    Settings:
        start: The regular expression (Python's `re`) that is found in every first line and in no other.
        separator: What stands between two lines that are joined.
        max_lines: The most lines in one text.
        max_chars: The most characters in one text; only a single line that is longer makes a longer one.

    Example:
        nodes:
          whole:
            use: linemill.processors:join_lines
            with: {start: '^\d\d:\d\d ', separator: " | "}
            to: events
        outputs:
          events: out/{name}

    Given:
        10:00 ERROR cannot pay
        Traceback (most recent call last):
        ValueError: no money
        10:01 INFO next

    Gives:
        10:00 ERROR cannot pay | Traceback (most recent call last): | ValueError: no money
        10:01 INFO next
    """

    def __init__(self, *, start: str, separator: str = "\n", max_lines: int = 10_000, max_chars: int = 1_048_576) -> None:
        if max_lines < 1 or max_chars < 1:
            raise ValueError(f"max_lines and max_chars must be 1 or more, found {max_lines} and {max_chars}")
        self._is_start = compile_finder(start)
        self._separator = separator
        self._max_lines = max_lines
        self._max_chars = max_chars

    def __call__(self, lines: Iterator[str]) -> Iterator[str]:
        """Yield the joined texts, each as soon as the line after it is known."""
        held: list[str] = []
        chars = 0
        for line in lines:
            more = len(self._separator) + len(line)
            if held and (self._is_start(line) or len(held) == self._max_lines or chars + more > self._max_chars):
                yield self._separator.join(held)
                held = []
            chars = chars + more if held else len(line)
            held.append(line)
        if held:
            yield self._separator.join(held)

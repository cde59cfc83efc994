"""Parse CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, Literal

from linemill.processors._wording import excerpt

MALFORMED = "malformed"
"""The tag of rows that do not fit."""


class parse_csv:  # noqa: N801 - named as it is used in YAML
    r"""Parse the rows of a CSV file and give each as a record, named by the header.

    Values are text. A value in quotes may hold the delimiter, a doubled quote, and line breaks, which become `\n`. Blank lines
    between rows are skipped. A row that has more or fewer fields than the header, quotes in the wrong place, a field of more
    than 131,072 characters or more lines than allowed is not lost: its text goes on as it is with the tag `malformed`, so give
    that tag a route; without one it becomes a dead letter. A header that cannot be used fails the file.

    Settings:
        columns: The names of the columns, where the file has no header; its first line is then a row.
        delimiter: The character between two fields.
        quote: The character around a value; empty if quotes mean nothing in this file.
        max_lines: The most lines that one row may span: a quote that is never closed takes no more lines with it.
        on_mismatch: What becomes of a row that does not fit: `tag` (as above), or `error`: it fails the file.

    Example:
        nodes:
          parse:
            use: linemill.processors:parse_csv
            to: {malformed: bad, "*": rows}
        outputs:
          bad: out/{stem}.bad.csv
          rows: out/{stem}.jsonl

    Given:
        id,who,said
        1,"Ann, the first","two
        lines"
        2,Bob

    Gives:
        {"id":"1","who":"Ann, the first","said":"two\nlines"}
        [malformed] 2,Bob
    """

    def __init__(
        self,
        *,
        columns: list[str] | None = None,
        delimiter: str = ",",
        quote: str = '"',
        max_lines: int = 1_000,
        on_mismatch: Literal["tag", "error"] = "tag",
    ) -> None:
        if max_lines < 1:
            raise ValueError(f"max_lines must be 1 or more, found {max_lines}")
        if len(delimiter) != 1 or len(quote) > 1 or delimiter == quote:
            raise ValueError(f"delimiter and quote must be two different characters, found {delimiter!r} and {quote!r}")
        self._dialect: dict[str, Any] = {"delimiter": delimiter, "strict": True}
        self._dialect |= {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
        csv.reader([], **self._dialect)  # a line break as a delimiter shows now, not at the first line
        self._max_lines = max_lines
        self._on_mismatch = on_mismatch
        # Held by the object and not by a call: after a restart the next line is a row, not the header.
        self._columns = None if columns is None else _checked(columns)

    def __call__(self, lines: Iterator[str]) -> Iterator[dict[str, str] | tuple[str, str]]:
        """Yield a record a row, or the row's text with the tag `malformed`."""
        taken: list[str] = []
        while True:
            rows = csv.reader(self._feed(lines, taken), **self._dialect)
            try:
                for row in rows:
                    text, columns = taken.copy(), self._columns
                    taken.clear()
                    if not row:
                        continue
                    if columns is None:
                        self._columns = _checked(row)
                    elif len(row) == len(columns):
                        yield dict(zip(columns, row, strict=True))
                    else:
                        yield self._malformed(text, f"expected {len(columns)} fields, found {len(row)}")
            except csv.Error as error:
                text = taken.copy()
                taken.clear()
                if self._columns is None:
                    raise ValueError(f"expected a header, found {excerpt(text[0])}: {error}") from None
                yield self._malformed(text, f"expected a row of CSV, found {error}")
            else:
                return

    def _feed(self, lines: Iterator[str], taken: list[str]) -> Iterator[str]:
        """Yield lines with their ends, and end early where a row has had as many as it may: the reader then refuses it."""
        for line in lines:
            taken.append(line)
            yield line + "\n"
            if len(taken) >= self._max_lines:
                return

    def _malformed(self, text: list[str], reason: str) -> tuple[str, str]:
        row = "\n".join(text)
        if self._on_mismatch == "error":
            raise ValueError(f"{reason}: {excerpt(row)}")
        return MALFORMED, row


def _checked(columns: list[str]) -> tuple[str, ...]:
    """Return the names of columns, each of which must be there once, or a value would be lost in every record."""
    twice = next((name for place, name in enumerate(columns) if name in columns[:place]), None)
    if twice is not None:
        raise ValueError(f"expected a different name for every column, found {twice!r} twice")
    if not columns:
        raise ValueError("expected the names of columns, found none")
    return tuple(columns)

"""A part of a pipeline file: a value together with the place where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class Place(NamedTuple):
    """Line and column in the pipeline file, both from 1; zeros mean the file as a whole."""

    line: int = 0
    column: int = 0


THE_FILE = Place()
"""The file as a whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A value in the file.

    Attributes:
        value: None, bool, int, float or text; a list of parts; or a mapping from a key's text to its entry.
        place: Where it begins.
        text: A scalar as written, without quotes: `404` is the text "404" where text is wanted.
    """

    value: Any
    place: Place
    text: str = ""

    @property
    def is_scalar(self) -> bool:
        """Whether it is neither a list nor a mapping."""
        return not isinstance(self.value, list | dict)

    @property
    def entries(self) -> dict[str, Entry]:
        """The entries of a mapping; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Part]:
        """The items of a list; none for anything else."""
        return self.value if isinstance(self.value, list) else []

    def plain(self) -> Any:
        """Make plain data of it, new at every call."""
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        if isinstance(self.value, dict):
            return {entry.key.value: entry.part.plain() for entry in self.value.values()}
        return self.value


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A key of a mapping and what it holds."""

    key: Part
    part: Part


def text_part(text: str, place: Place) -> Part:
    """Make a part that stands for text which the user did not write himself."""
    return Part(text, place, text)


def entry(key: str, part: Part, place: Place | None = None) -> Entry:
    """Make an entry that the user did not write himself; its key stands at `place`, or where its part does."""
    return Entry(text_part(key, place or part.place), part)

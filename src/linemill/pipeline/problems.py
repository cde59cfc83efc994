"""Gather every mistake in a pipeline file, so that all are told at once."""

from __future__ import annotations

from linemill.errors import Problem
from linemill.pipeline.part import THE_FILE, Place
from linemill.pipeline.wording import printable


class Stop(Exception):
    """Reading cannot go on; the reason is among the problems already."""


class Problems:
    """The mistakes found so far, in the order of their places; the same one is kept once."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}

    def add(self, what: str, place: Place, hint: str = "") -> None:
        """Note a mistake and go on; names and texts of the user's in it are made safe to print."""
        self._found[Problem(printable(what), place.line, place.column, printable(hint))] = None

    def stop(self, what: str, place: Place = THE_FILE, hint: str = "") -> Stop:
        """Note a mistake after which nothing more can be read; the caller raises what this returns."""
        self.add(what, place, hint)
        return Stop(what)

    def __bool__(self) -> bool:
        return bool(self._found)

    def sorted(self) -> tuple[Problem, ...]:
        """Give all of them, by place."""
        return tuple(sorted(self._found, key=lambda problem: (problem.line, problem.column)))

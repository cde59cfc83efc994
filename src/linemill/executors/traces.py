"""Traced lines as JSON: written where they were worked, so that whoever commits them only hands the bytes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from linemill.engine import Given, Step, Traced


def written_traces(lines: Sequence[Traced]) -> bytes:
    """Write traced lines as a JSON array; nothing at all for none."""
    return orjson.dumps(lines) if lines else b""


def read_traces(text: bytes) -> tuple[Traced, ...]:
    """Read what `written_traces` wrote."""
    return tuple(_traced(line) for line in orjson.loads(text)) if text else ()


def moved_traces(text: bytes, by: int) -> tuple[Traced, ...]:
    """Read traced lines, and give them the numbers that they have in the whole file, `by` lines further down."""
    return tuple(replace(line, number=line.number + by) for line in read_traces(text))


def _traced(line: dict[str, Any]) -> Traced:
    return Traced(line["number"], line["text"], tuple(_step(step) for step in line["steps"]))


def _step(step: dict[str, Any]) -> Step:
    gave = tuple(Given(one["tag"], one["item"], tuple(one["targets"])) for one in step["gave"])
    return Step(step["place"], tuple(step["came"]), gave, step["more"])

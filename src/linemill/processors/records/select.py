"""Keep some fields of records."""

from __future__ import annotations

from typing import Any, Literal

from linemill.processors._record import MISSING, look_up


def select(record: dict[str, Any], *, fields: list[str], missing: Literal["error", "skip"] = "error") -> dict[str, Any]:
    """Keep the fields that you name, in that order, and leave out the others.

    Settings:
        fields: The names of the fields.
        missing: What becomes of a record that lacks a field: `error` (a dead letter), or `skip`: it goes on without the field.

    Example:
        nodes:
          parse:
            use: linemill.processors:parse_json
            to: select
          select:
            use: linemill.processors:select
            with: {fields: [time, level]}
            to: levels
        outputs:
          levels: out/{name}

    Given:
        {"level":"info","time":"10:00","text":"started"}

    Gives:
        {"time":"10:00","level":"info"}
    """
    selected = {}
    for field in fields:
        value = look_up(record, field, is_required=missing == "error")
        if value is not MISSING:
            selected[field] = value
    return selected

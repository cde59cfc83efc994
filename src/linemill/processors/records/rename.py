"""Rename fields of records."""

from __future__ import annotations

from typing import Any, Literal

from linemill.processors._record import field_is_missing, not_a_record


class rename:  # noqa: N801 - named as it is used in YAML
    """Give fields other names; their order and all other fields stay.

    A record that already has a field of a new name is a dead letter, since one of the two values would be lost.

    Settings:
        fields: Old names and their new ones.
        missing: What becomes of a record that lacks a field: `error` (a dead letter), or `skip`: there is nothing to rename.

    Example:
        nodes:
          parse:
            use: linemill.processors:parse_json
            to: rename
          rename:
            use: linemill.processors:rename
            with: {fields: {lvl: level, msg: message}}
            to: renamed
        outputs:
          renamed: out/{name}

    Given:
        {"lvl":"info","time":"10:00","msg":"started"}

    Gives:
        {"level":"info","time":"10:00","message":"started"}
    """

    splittable = True

    def __init__(self, *, fields: dict[str, str], missing: Literal["error", "skip"] = "error") -> None:
        if len(set(fields.values())) != len(fields):
            raise ValueError(f"fields must have different new names, found {', '.join(fields.values())}")
        self._fields = fields
        self._missing = missing

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record with the new names.

        Raises:
            ValueError: A field is missing, or a new name is taken.
        """
        if not isinstance(record, dict):
            raise not_a_record(record)
        if self._missing == "error":
            for field in self._fields:
                if field not in record:
                    raise field_is_missing(record, field)
        renamed = {self._fields.get(field, field): value for field, value in record.items()}
        if len(renamed) != len(record):
            taken = [new for old, new in self._fields.items() if old in record and new in record and new not in self._fields]
            raise ValueError(f"expected no field {taken[0]!r} yet, found {', '.join(map(repr, record))}")
        return renamed

"""Keep records by the value of a field."""

from __future__ import annotations

from typing import Any, Literal

from linemill.processors._condition import condition
from linemill.processors._record import MISSING, field_is_missing, look_up


class keep_field:  # noqa: N801 - named as it is used in YAML
    """Keep the records whose field has a certain value, and filter the others.

    Where several conditions are given all must hold. A value that cannot be compared with `min` or `max` is a dead letter.

    Settings:
        field: The name of the field.
        equals: The value; `200` and `"200"` are two values, and fields from CSV or a regular expression are text.
        one_of: The values that it may have.
        pattern: A regular expression (Python's `re`) that is found in the value, a value other than text written as JSON.
        min: The least value. Compared with a number, text that reads as a number is one.
        max: The greatest value, in the same way.
        missing: What becomes of a record without the field: `error` (a dead letter), `keep` or `drop`.

    Example:
        nodes:
          parse:
            use: linemill.processors:parse_json
            to: choose
          choose:
            use: linemill.processors:keep_field
            with: {field: status, min: 500}
            to: chosen
        outputs:
          chosen: out/{name}

    Given:
        {"path":"/a","status":200}
        {"path":"/b","status":502}

    Gives:
        {"path":"/b","status":502}
    """

    splittable = True

    def __init__(
        self,
        *,
        field: str,
        equals: Any = None,
        one_of: list[Any] | None = None,
        pattern: str | None = None,
        min: int | float | str | None = None,
        max: int | float | str | None = None,
        missing: Literal["error", "keep", "drop"] = "error",
    ) -> None:
        self._field = field
        self._holds = condition(equals=equals, one_of=one_of, pattern=pattern, min=min, max=max)
        self._missing = missing

    def __call__(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """Return the record, or None if its field does not meet the conditions.

        Raises:
            ValueError: The field is missing, or cannot be compared.
        """
        value = look_up(record, self._field)
        if value is MISSING:
            if self._missing == "error":
                raise field_is_missing(record, self._field)
            return record if self._missing == "keep" else None
        return record if self._holds(value) else None

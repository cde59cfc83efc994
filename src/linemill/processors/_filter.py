"""Filter records by the value of a field; for `keep_field` and `drop_field`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from linemill.processors._condition import condition
from linemill.processors._record import MISSING, look_up


class FieldFilter:
    """Lets a record through or not, by whether its field meets the conditions.

    Attributes:
        keeps_what_holds: Whether those that meet them are let through, or the others.
    """

    splittable = True
    keeps_what_holds: ClassVar[bool]

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
        self._is_required = missing == "error"
        self._keeps_missing = missing == "keep"

    def __call__(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """Return the record, or None if it is filtered.

        Raises:
            ValueError: The field is missing, or cannot be compared.
        """
        value = look_up(record, self._field, is_required=self._is_required)
        if value is MISSING:
            return record if self._keeps_missing else None
        return record if self._holds(value) is self.keeps_what_holds else None

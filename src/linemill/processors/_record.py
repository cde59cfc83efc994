"""Fields of records, looked up with an error that says what to do; for the processors of this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linemill.processors._wording import excerpt, kind_of

MISSING: Any = object()
"""What `look_up` gives for a field that a record does not have, where that is allowed."""


def look_up(record: Mapping[str, Any], field: str, *, is_required: bool) -> Any:
    """Return the value of a field, or `MISSING` where it is not required.

    Raises:
        ValueError: This is no record, or it has no such field and needs one.
    """
    try:
        return record[field]
    except KeyError:
        if is_required:
            raise field_is_missing(record, field) from None
        return MISSING
    except (TypeError, IndexError):
        raise not_a_record(record) from None


def not_a_record(found: object) -> ValueError:
    """Make the error for an item that should have been a record."""
    return ValueError(f"expected a record, found {kind_of(found)}: {excerpt(found)}; parse the line first, with parse_json say")


def field_is_missing(record: Mapping[str, Any], field: str) -> ValueError:
    """Make the error for a field that a record should have had."""
    return ValueError(f"expected a field {field!r}, found {', '.join(map(repr, record)) or 'an empty record'}")

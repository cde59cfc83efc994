"""Tag records by the value of a field."""

from __future__ import annotations

from typing import Any, Literal

from linemill.processors._condition import condition
from linemill.processors._record import MISSING, look_up
from linemill.processors._wording import as_text

_CONDITIONS = ("equals", "one_of", "pattern", "min", "max")


class tag_by_field:  # noqa: N801 - named as it is used in YAML
    """Tag each record by the value of a field.

    Tags are tried in the order in which they are written; a record that meets the conditions of none goes on without a
    tag, along the route `"*"`. A value that cannot be compared with `min` or `max` is a dead letter.

    Settings:
        field: The name of the field.
        tags: Tags, each with the value for it or with its conditions: `equals`, `one_of`, `pattern`, `min`, `max`, as for
            `keep_field`. Not given: the value itself is the tag, a value other than text written as JSON.
        missing: What becomes of a record without the field: `error` (a dead letter), or `untagged`: it goes on without a tag.

    Example:
        nodes:
          parse:
            use: linemill.processors:parse_json
            to: status
          status:
            use: linemill.processors:tag_by_field
            with: {field: status, tags: {broken: {min: 500}, missing: 404}}
            to: {broken: errors, missing: errors, "*": fine}
        outputs:
          errors: out/errors/{name}
          fine: out/fine/{name}

    Given:
        {"path":"/a","status":200}
        {"path":"/b","status":404}
        {"path":"/c","status":502}

    Gives:
        {"path":"/a","status":200}
        [missing] {"path":"/b","status":404}
        [broken] {"path":"/c","status":502}
    """

    splittable = True

    def __init__(
        self, *, field: str, tags: dict[str, Any] | None = None, missing: Literal["error", "untagged"] = "error"
    ) -> None:
        self._field = field
        self._tags = None if tags is None else tuple((tag, _condition_for(tag, wanted)) for tag, wanted in tags.items())
        self._is_required = missing == "error"

    def __call__(self, record: dict[str, Any]) -> dict[str, Any] | tuple[str, dict[str, Any]]:
        """Return the record with its tag, or alone if it gets none.

        Raises:
            ValueError: The field is missing, or cannot be compared.
        """
        value = look_up(record, self._field, is_required=self._is_required)
        if value is MISSING:
            return record
        if self._tags is None:
            return as_text(value), record
        for tag, holds in self._tags:
            if holds(value):
                return tag, record
        return record


def _condition_for(tag: str, wanted: Any) -> Any:
    if not isinstance(wanted, dict):
        return condition(one_of=[wanted])
    unknown = [name for name in wanted if name not in _CONDITIONS]
    if unknown:
        raise ValueError(f"the tag {tag!r} has a condition {unknown[0]!r}; there are {', '.join(_CONDITIONS)}")
    return condition(**wanted)

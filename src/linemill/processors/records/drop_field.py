"""Drop records by the value of a field."""

from __future__ import annotations

from linemill.processors._filter import FieldFilter


class drop_field(FieldFilter):  # noqa: N801 - named as it is used in YAML
    """Filter the records whose field has a certain value, and keep the others.

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
            use: linemill.processors:drop_field
            with: {field: path, one_of: [/health, /ready]}
            to: chosen
        outputs:
          chosen: out/{name}

    Given:
        {"path":"/a","status":200}
        {"path":"/health","status":200}

    Gives:
        {"path":"/a","status":200}
    """

    keeps_what_holds = False

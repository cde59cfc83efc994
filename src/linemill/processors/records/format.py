"""Write records as text."""

from __future__ import annotations

from typing import Any

from linemill.processors._template import Template


class format:  # noqa: N801 - named as it is used in YAML
    """Write each record as text, by a template with its fields in braces.

    Text is written as it is, any other value as JSON. After a `:` a Python format may follow, such as `{status:>5}` or
    `{seconds:.2f}`. Only fields of the record are looked up, by the whole name between the braces. A record that lacks a
    field, or whose value does not fit the format, is a dead letter.

    Settings:
        template: The template; `{{` and `}}` are braces themselves.

    Example:
        nodes:
          parse:
            use: linemill.processors:parse_json
            to: write
          write:
            use: linemill.processors:format
            with: {template: "{time} {level:<5} {text}"}
            to: lines
        outputs:
          lines: out/{stem}.log

    Given:
        {"time":"10:00","level":"INFO","text":"started"}
        {"time":"10:01","level":"ERROR","text":"disk is full","code":7}

    Gives:
        10:00 INFO  started
        10:01 ERROR disk is full
    """

    splittable = True

    def __init__(self, *, template: str) -> None:
        self._fill = Template(template)

    def __call__(self, record: dict[str, Any]) -> str:
        """Return the template with the record's fields filled in.

        Raises:
            ValueError: A field is missing, or its format does not fit.
        """
        return self._fill(record)

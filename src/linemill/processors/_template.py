"""Templates such as `{time} {level}`: fields by name and nothing else; for the processors of this package."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

from linemill.processors._record import field_is_missing, not_a_record
from linemill.processors._wording import as_text


class Template:
    """A text with fields in braces, checked and taken apart once.

    What stands between the braces, up to a `:`, is the name of a field, dots and all: no attribute and no index is ever
    looked up. After the `:` comes a Python format, such as `>8` or `.2f`.

    Args:
        text: The template.

    Raises:
        ValueError: It is not one; says what is wrong.
    """

    def __init__(self, text: str) -> None:
        fields: list[tuple[str, bool]] = []
        pieces: list[str] = []
        try:
            parts = list(Formatter().parse(text))
        except ValueError as error:
            raise ValueError(f"the template {text!r} is wrong: {error}") from None
        for literal, name, spec, conversion in parts:
            pieces.append(literal.replace("{", "{{").replace("}", "}}"))
            if name is None:
                continue
            if not name:
                raise ValueError(
                    f"the template {text!r} has braces without a field's name; write {{{{ and }}}} for braces themselves"
                )
            if conversion or (spec and "{" in spec):
                raise ValueError(
                    f"the template {text!r} may name a field and a format for it, such as {{{name}:>8}}, and nothing else"
                )
            # Fields go in by position, so that str.format never sees their names.
            pieces.append(f"{{{len(fields)}:{spec}}}")
            fields.append((name, bool(spec)))
        self.fields = tuple(name for name, _ in fields)
        self._have_format = tuple(has_format for _, has_format in fields)
        self._fill = "".join(pieces).format

    def __call__(self, record: Mapping[str, Any]) -> str:
        """Fill the template in.

        Raises:
            ValueError: A field is missing, or its format does not fit its value.
        """
        try:
            values = [record[name] for name in self.fields]
        except KeyError as error:
            raise field_is_missing(record, error.args[0]) from None
        except (TypeError, IndexError):
            raise not_a_record(record) from None
        texts = [
            value if has_format or isinstance(value, str) else as_text(value)
            for value, has_format in zip(values, self._have_format, strict=True)
        ]
        return self._fill(*texts)

"""Built-in processors: ordinary ones, each in a file of its own, used as `use: linemill.processors:strip`.

A processor is imported when it is first asked for, so that a pipeline pays for those that it uses. The files are a folder
deeper than the names, since `linemill.processors.strip` could otherwise be the module or the processor, depending on what was
imported before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linemill.processors.describe import Described, Setting, catalogue
    from linemill.processors.parse.parse_access_log import parse_access_log
    from linemill.processors.parse.parse_csv import parse_csv
    from linemill.processors.parse.parse_json import parse_json
    from linemill.processors.parse.parse_key_value import parse_key_value
    from linemill.processors.parse.parse_regex import parse_regex
    from linemill.processors.records.drop_field import drop_field
    from linemill.processors.records.format import format
    from linemill.processors.records.keep_field import keep_field
    from linemill.processors.records.rename import rename
    from linemill.processors.records.select import select
    from linemill.processors.records.tag_by_field import tag_by_field
    from linemill.processors.text.case import case
    from linemill.processors.text.count_by_pattern import count_by_pattern
    from linemill.processors.text.deduplicate import deduplicate
    from linemill.processors.text.drop import drop
    from linemill.processors.text.head import head
    from linemill.processors.text.join_lines import join_lines
    from linemill.processors.text.keep import keep
    from linemill.processors.text.number import number
    from linemill.processors.text.replace import replace
    from linemill.processors.text.sample import sample
    from linemill.processors.text.snake import snake
    from linemill.processors.text.strip import strip
    from linemill.processors.text.tag_by_pattern import tag_by_pattern

_FOLDERS = {
    "text": (
        "strip",
        "case",
        "snake",
        "replace",
        "keep",
        "drop",
        "tag_by_pattern",
        "join_lines",
        "deduplicate",
        "sample",
        "head",
        "number",
        "count_by_pattern",
    ),
    "parse": ("parse_json", "parse_access_log", "parse_key_value", "parse_regex", "parse_csv"),
    "records": ("select", "rename", "keep_field", "drop_field", "tag_by_field", "format"),
}
_HOMES = {name: f"{__name__}.{folder}.{name}" for folder, names in _FOLDERS.items() for name in names} | dict.fromkeys(
    ("Described", "Setting", "catalogue"), f"{__name__}.describe"
)

PROCESSORS = tuple(name for names in _FOLDERS.values() for name in names)
"""The names of all built-in processors: on text, into records, on records."""

__all__ = [
    "PROCESSORS",
    "Described",
    "Setting",
    "case",
    "catalogue",
    "count_by_pattern",
    "deduplicate",
    "drop",
    "drop_field",
    "format",
    "head",
    "join_lines",
    "keep",
    "keep_field",
    "number",
    "parse_access_log",
    "parse_csv",
    "parse_json",
    "parse_key_value",
    "parse_regex",
    "rename",
    "replace",
    "sample",
    "select",
    "snake",
    "strip",
    "tag_by_field",
    "tag_by_pattern",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return __all__

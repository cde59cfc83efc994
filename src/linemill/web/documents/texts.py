"""Other people's words in a document: always text that JSON can say, and nothing that only a command line knows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from typing import Any

_COMMAND = re.compile(r"`linemill (retry|reprocess|redrive|resume|files|errors)`")
"""Commands that have a button or a page of the same name."""

_OPTION = re.compile("`?--append-again`?")

_DEEPEST = 20
"""How deep a value may be: YAML can refer to itself."""


def said(text: str) -> str:
    r"""Give text as it came, with bytes that are not UTF-8 written as `\xNN`; JSON refuses halves of pairs."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def here(text: str) -> str:
    """Say a hint that names commands for somebody who has buttons: `retry`, and not `linemill retry`."""
    return said(_OPTION.sub("`append_again`", _COMMAND.sub(r"`\1`", text)))


def value(anything: Any, depth: int = 0) -> Any:
    """Make a value sayable in JSON: what it has no word for is said as Python would write it."""
    if isinstance(anything, str):
        return said(anything)
    if anything is None or isinstance(anything, bool | int | float):
        return anything
    if depth < _DEEPEST:
        if isinstance(anything, Mapping):
            return {said(str(key)): value(item, depth + 1) for key, item in anything.items()}
        if isinstance(anything, Sequence | Set) and not isinstance(anything, bytes | bytearray):
            return [value(item, depth + 1) for item in anything]
    return said(str(anything))

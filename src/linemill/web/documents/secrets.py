"""Settings that are nobody's business: passwords and keys in a pipeline are shown as dots, in values and in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

DOTS = "•••"

UNREADABLE = "# This text cannot be read as YAML; it is not shown, since secrets may be in it."

_SECRET = re.compile(r"passw(?:or)?d|passphrase|secret|credential|(?:key|token)s?$", re.IGNORECASE)

_SETTINGS = ("with", "config")
"""Keys of a node under which its settings stand, in the long form and in the short ones."""


def masked(settings: Any) -> Any:
    """Put dots in place of every setting whose name is that of a secret, however deep it stands."""
    if isinstance(settings, Mapping):
        return {key: DOTS if _is_secret(key) else masked(value) for key, value in settings.items()}
    if isinstance(settings, Sequence) and not isinstance(settings, str | bytes | bytearray):
        return [masked(value) for value in settings]
    return settings


@lru_cache(maxsize=64)  # reading YAML takes a millisecond for ten lines, and a page of a version is asked for again and again
def masked_text(text: str) -> str:
    """Do the same in the text of a pipeline file, and leave all else as it was written."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, ValueError, RecursionError):
        return UNREADABLE
    parts: list[str] = []
    done = 0
    for start, end in sorted(set(_secrets(root, set(), is_setting=False))):
        if start >= done:
            parts += [text[done:start], DOTS]
            # A block ends where the next thing begins; its last line end is not part of what it says.
            done = start + len(text[start:end].rstrip("\n \0"))
    return "".join([*parts, text[done:]])


def _secrets(node: Node | None, known: set[tuple[int, bool]], *, is_setting: bool) -> Iterator[tuple[int, int]]:
    """Give where the values of secret settings begin and end; a value that is referred to is looked at once in each role."""
    if node is None or (id(node), is_setting) in known:
        return
    known.add((id(node), is_setting))
    if isinstance(node, MappingNode):
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else ""
            if is_setting and _is_secret(name):
                yield value.start_mark.index, value.end_mark.index
            else:
                yield from _secrets(value, known, is_setting=is_setting or name in _SETTINGS)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _secrets(item, known, is_setting=is_setting)


def _is_secret(name: object) -> bool:
    return isinstance(name, str) and _SECRET.search(name) is not None

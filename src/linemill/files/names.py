"""How a file's name is shown to people: nothing in it can move the cursor, ring a bell or end a line."""

from __future__ import annotations

from pathlib import Path


def shown(path: Path | str) -> str:
    r"""Show a name on one line of printable characters, each name differently.

    Control characters and other unprintable ones are escaped as Python does it (`\n`, `\x1b`, `\u202e`), bytes that
    are not UTF-8 as `\xNN`, and a backslash is doubled.
    """
    return "".join(_shown(character) for character in str(path))


def _shown(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character.isprintable() and character != "\\":
        return character
    return character.encode("unicode_escape").decode("ascii")

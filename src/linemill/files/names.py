r"""How a file's name is shown to people and kept in the catalog: nothing in it can move the cursor, ring a bell or end a line."""

from __future__ import annotations

import re
from pathlib import Path

LONGEST_NAME_BYTES = 255
"""What file systems take."""

LONGEST_SUFFIX_BYTES = 32
"""A longer one is none: it would leave no room for the rest of the name."""

_ESCAPE = re.compile(r"\\(?:([\\nrt])|x([0-9a-f]{2})|u([0-9a-f]{4})|U(00(?:0[0-9a-f]|10)[0-9a-f]{4}))")
_BY_LETTER = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t"}


def shown(path: Path | str) -> str:
    r"""Show a name on one line of printable characters, each name differently.

    Control characters and other unprintable ones are escaped as Python does it (`\n`, `\x1b`, `\u202e`), bytes that
    are not UTF-8 as `\xNN`, and a backslash is doubled. `\x80` to `\xff` always stand for bytes: unprintable characters
    with these numbers are written `\u0085`.
    """
    text = str(path)
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(_shown(character) for character in text)


def unshown(text: str) -> str:
    """Give the name that `shown` wrote. What it never writes stays as it is."""
    return _ESCAPE.sub(_unshown, text) if "\\" in text else text


def harmless(text: str, *, lines: bool = False) -> str:
    r"""Escape what a terminal would act on or not show in other people's words, which keep their backslashes.

    Args:
        text: Lines, tags, messages. Names of files are for `shown`, which gives no two of them alike.
        lines: Keep newlines and tabs: the text is meant as several lines.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or (lines and character in "\n\t") else _shown(character) for character in text
    )


def _shown(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character.isprintable() and character != "\\":
        return character
    if "\x80" <= character <= "\xff":
        return f"\\u{ord(character):04x}"
    return character.encode("unicode_escape").decode("ascii")


def _unshown(escape: re.Match[str]) -> str:
    letter, byte, *numbers = escape.groups()
    if letter is not None:
        return _BY_LETTER[letter]
    if byte is not None:
        value = int(byte, 16)
        return chr(value if value < 0x80 else 0xDC00 + value)
    return chr(int(numbers[0] or numbers[1], 16))

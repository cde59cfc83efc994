"""What a file may be called that somebody sends, and what may be in it. Plain functions, from facts to a decision."""

from __future__ import annotations

import os
import re
import unicodedata

from linemill.files.compression import told_by
from linemill.files.names import LONGEST_NAME_BYTES, LONGEST_SUFFIX_BYTES

HEAD_BYTES = 64 * 2**10
"""Of a file, looked at to tell what it is."""

NAMELESS = "upload"

COMPRESSED = {".gz": "gzip", ".gzip": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".zstd": "zstd"}
"""Ends of names that say how a file is compressed."""

TEXTS = frozenset({".txt", ".text", ".log", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xml", ".yaml", ".yml", ".md"})
"""Ends of names that say that a file is text as it is."""

_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""Of UTF-16: NUL bytes are a part of such a text."""

_DEVICES = frozenset(
    {
        "con",
        "prn",
        "aux",
        "nul",
        "conin$",
        "conout$",
        *(f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"),
    }
)
"""Names that Windows takes for devices, whatever suffix they have: folders are shared, and outputs have the names of inputs."""


def safe_name(given: str, room: int = 0) -> str:
    """Make a name of a file of whatever somebody has sent as one.

    Args:
        given: A name or a path of whatever system; may hold anything.
        room: Bytes that must be left for what is added to the name.

    Returns:
        One part of a path: printable, composed (NFC), of at most 255 bytes, without a dot or blanks at its beginning, and no
        device's; the suffix is kept.
    """
    last = re.split(r"[/\\]", given.rstrip("/\\"))[-1]
    # Before and after: what is left out may stand between two characters that make one.
    composed = unicodedata.normalize("NFC", last)
    name = "".join(character if character.isprintable() else "_" for character in composed)
    name = name.strip(" ").lstrip(". ").rstrip(". ")
    if name.partition(".")[0].strip(" ").lower() in _DEVICES:
        name = f"_{name}"
    return _cut(name, LONGEST_NAME_BYTES - room) or NAMELESS


def has_suffix(name: str, suffixes: tuple[str, ...]) -> bool:
    """Tell whether a name ends as one of these, or whether there are none."""
    return not suffixes or name.lower().endswith(suffixes)


def fault_of(name: str, head: bytes, encoding: str | None) -> str | None:
    """Say what is wrong with what a file holds, going by its name; None if nothing is.

    Args:
        name: Its name.
        head: Its first `HEAD_BYTES`, or all of it.
        encoding: The one that the pipeline reads files in, if it says so.
    """
    suffix = os.path.splitext(name)[1].lower()
    found, named = told_by(head), COMPRESSED.get(suffix)
    if named is not None:
        return None if found is not None and found.name == named else f"its name says {named}, and it is none"
    if found is not None:
        return f"its name says text, and it is {found.name}" if suffix in TEXTS else None
    if b"\0" in head and not head.startswith(_MARKS) and not _has_nuls(encoding):
        return "it has NUL bytes, so it is no text"
    return None


def _has_nuls(encoding: str | None) -> bool:
    """Tell whether text in an encoding has NUL bytes, as in UTF-16."""
    return encoding is not None and b"\0" in "a".encode(encoding, "ignore")


def _cut(name: str, most: int) -> str:
    size = len(name.encode())
    if size <= most:
        return name
    suffix = os.path.splitext(name)[1]
    if len(suffix.encode()) > LONGEST_SUFFIX_BYTES:
        suffix = ""
    stem = name[: len(name) - len(suffix)].encode()[: most - len(suffix.encode())]
    return stem.decode(errors="ignore") + suffix

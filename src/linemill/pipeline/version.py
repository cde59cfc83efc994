"""Tell versions of a pipeline apart: the file and the code that its processors came from, and one digest for all of it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from linemill.pipeline.graph import Pipeline
from linemill.pipeline.wording import printable


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a pipeline file and of its processors' modules.

    Attributes:
        digest: SHA-256 of all of it, 64 hexadecimal digits.
        text: The pipeline file as it was loaded.
        sources: Text of each module by its path, relative to the pipeline's folder, or absolute if it is not in there; empty
            for compiled modules and for files that are gone.
    """

    digest: str
    text: str
    sources: dict[str, str]


def version_of(pipeline: Pipeline) -> Version:
    """Read what the modules' files hold now, beside the pipeline file's text as it was loaded."""
    whole = hashlib.sha256()
    _add(whole, pipeline.text.encode())
    sources: dict[str, str] = {}
    for path in pipeline.sources:
        name = _name(path, pipeline.folder)
        content = _content(path)
        _add(whole, os.fsencode(name))
        _add(whole, content)
        sources[printable(name)] = _text(content)
    return Version(whole.hexdigest(), pipeline.text, sources)


def _add(whole: hashlib._Hash, content: bytes | None) -> None:
    """Add a part with its length before it, so that no two versions make the same bytes."""
    whole.update(b"-" if content is None else len(content).to_bytes(8, "big") + content)


def _name(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def _content(path: Path) -> bytes | None:
    """Read a file; None where that cannot be: what is gone is another version than what was there."""
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None


def _text(content: bytes | None) -> str:
    if content is None or b"\0" in content:
        return ""
    try:
        return importlib.util.decode_source(content)
    except (SyntaxError, ValueError):
        return content.decode("utf-8", "backslashreplace")

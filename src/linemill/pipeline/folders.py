"""Check that the folders of a watched pipeline keep out of each other's way: nothing that is written is read as an input."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from linemill.pipeline.graph import Output, WatchSettings
from linemill.pipeline.part import THE_FILE, Part, Place
from linemill.pipeline.problems import Problems
from linemill.pipeline.wording import listing, quote

FOLDERS = ("inbox", "processing", "processed", "failed")
"""Keys of `watch` that name a folder."""

OURS = {".": "the folder of the pipeline file", "dead": "the folder of the dead letters", ".linemill": "linemill's own folder"}
"""Folders that have a use already, from the pipeline file's on."""

_NOT_FOR_OUTPUTS = ("inbox", "processing")
"""A folder inside these is no trouble: only their files are looked at."""


def check_folders(
    watch: WatchSettings,
    part: Part | None,
    outputs: Mapping[str, Output],
    output_places: Mapping[str, Place],
    folder: Path,
    problems: Problems,
) -> None:
    """Note folders that are one, and outputs that would be written to where inputs are looked for.

    Args:
        watch: What `watch:` says, defaults filled in.
        part: Where it says it, if it stands in the file.
        outputs: By name.
        output_places: Where each output's name stands.
        folder: The pipeline file's folder.
        problems: Takes what is wrong.
    """
    written = {key: entry.part.place for key, entry in part.entries.items()} if part else {}
    taken = {_real(folder, path): what for path, what in OURS.items()}
    # Those with a default last, so that a mistake is told where something was written.
    for key in sorted(FOLDERS, key=lambda key: key not in written):
        path: str = getattr(watch, key)
        real = _real(folder, path)
        if real in taken:
            place = written.get(key, part.place if part else THE_FILE)
            hint = f"give {listing(FOLDERS, 'and')} a folder each"
            problems.add(f"watch.{key}: {quote(path)} is {taken[real]} already", place, hint)
        taken.setdefault(real, f'"watch.{key}"')
    for name, output in outputs.items():
        whole = _real(folder, os.path.dirname(output.path)), _real(folder, output.path)
        for key in _NOT_FOR_OUTPUTS if output.path else ():
            if _real(folder, getattr(watch, key)) in whole:
                what = f'outputs.{name}: {quote(output.path)} is in "watch.{key}", where it would be taken for an input'
                problems.add(what, output_places[name], "give it another folder, such as out/")


def _real(folder: Path, path: str) -> str:
    """Follow links as they are now: two names of one folder are one folder."""
    try:
        return os.path.realpath(folder / path)
    except (OSError, ValueError):
        return os.path.normpath(folder / path)

"""Room on the disks: no file is claimed while there is too little for what would come of it."""

from __future__ import annotations

import os
from pathlib import Path

from linemill.files import shown
from linemill.mill.folders import STATE_FOLDER
from linemill.mill.targets import DEAD_LETTERS_PATH
from linemill.pipeline import Pipeline

ASK_S = 1.0
"""How often the file systems are asked."""

LITTLE = "less than min_free"
"""What is said of a disk with too little room, among other words."""


class Room:
    """Tells whether there is room where a pipeline writes.

    Args:
        pipeline: The checked pipeline, with `min_free`.
        base: The folder that relative paths start from.
    """

    def __init__(self, pipeline: Pipeline, base: Path) -> None:
        self._least = pipeline.watch.min_free
        templates = [output.path for output in pipeline.outputs] + [DEAD_LETTERS_PATH]
        folders = {base / template.split("{")[0].rpartition("/")[0] for template in templates}
        self._folders = sorted(folders | {base / STATE_FOLDER, base / pipeline.watch.processing})
        self._ask_at = 0.0
        self._lack: str | None = None

    def lack(self, now: float) -> str | None:
        """Say where there is too little room; None if there is enough everywhere."""
        if now >= self._ask_at:
            self._ask_at = now + ASK_S
            self._lack = self._asked()
        return self._lack

    def _asked(self) -> str | None:
        seen: set[int] = set()
        for folder in self._folders:
            there = next((one for one in (folder, *folder.parents) if one.is_dir()), None)
            if there is None:
                continue
            try:
                device = os.stat(there).st_dev
                free = os.statvfs(there)
            except OSError:
                continue
            if device in seen:
                continue
            seen.add(device)
            left = free.f_bavail * free.f_frsize
            if left < self._least:
                return f"{left / 2**20:,.0f} MiB are free in {shown(there)}, {LITTLE} ({self._least / 2**20:,.0f} MiB)"
        return None

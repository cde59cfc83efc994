"""The files to measure with, made once and kept: `python -m bench.inputs FOLDER NAME...` (app100.log, app100.log.gz, nuls.log).

A process of its own makes them: whoever measures must stay small (see `bench.measure`).
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import sys
from pathlib import Path

from bench import app_log

NULS_BYTES = 5_000_000_000


def make(folder: Path, name: str) -> None:
    """Make the file of that name, unless it is there.

    Args:
        folder: Where it is kept.
        name: `appN.log`: an application log of N megabytes; `appN.log.gz`: the same, compressed; `nuls.log`: one line of 5 GB of
            NULs, a hole in the file system that takes no room.

    Raises:
        ValueError: The name is none of these.
    """
    path = folder / name
    if path.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    # It has its name only once it is whole: an interrupted run leaves no half input.
    part = folder / f"{name}.part"
    if name == "nuls.log":
        part.touch()
        os.truncate(part, NULS_BYTES)
    elif match := re.fullmatch(r"app(\d+)\.log", name):
        app_log.make(part, int(match[1]))
    elif name.endswith(".log.gz"):
        make(folder, name.removesuffix(".gz"))
        with (folder / name.removesuffix(".gz")).open("rb") as plain, gzip.open(part, "wb", compresslevel=3) as packed:
            shutil.copyfileobj(plain, packed, 2**20)
    else:
        raise ValueError(f"nothing is known of a file named {name}")
    part.rename(path)


if __name__ == "__main__":
    for wanted in sys.argv[2:]:
        make(Path(sys.argv[1]), wanted)

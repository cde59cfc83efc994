"""Hidden files beside their targets, in which outputs are staged: their names, and the folders they lie in.

A name says whose it is: the catalog's tag and the attempt. So what a dead process left can be told from what is still needed.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from linemill.errors import FileError
from linemill.files.names import shown
from linemill.files.trouble import cannot_write

_NAME = re.compile(r"\.linemill-(?P<tag>[0-9a-f]{8})-(?P<attempt>[0-9]{1,18})-[0-9]+\.part", re.ASCII)


def hidden_beside(target: Path, tag: str, attempt_id: int, k: int) -> Path:
    """Name the hidden file in which an output is staged.

    Args:
        target: Where the output will be.
        tag: Of the catalog, 8 hexadecimal digits.
        attempt_id: The attempt's row there.
        k: Tells the files of one attempt apart, which may lie in one folder.
    """
    return Path(f"{os.path.dirname(target)}/.linemill-{tag}-{attempt_id}-{k}.part")


def attempt_of(name: str, tag: str) -> int | None:
    """Tell which attempt of this catalog a name belongs to; None for any other name."""
    found = _NAME.fullmatch(name)
    return int(found["attempt"]) if found and found["tag"] == tag else None


def is_hidden(name: str) -> bool:
    """Tell whether this is the name of a hidden file, of whatever catalog."""
    return name.startswith(".linemill-") and name.endswith(".part")


def sweep(folder: Path, tag: str, keep: Callable[[Collection[int]], set[int]]) -> int:
    """Remove the hidden files of this catalog that no attempt needs any more.

    Args:
        folder: Where to look; one that is gone is fine.
        tag: Of the catalog.
        keep: Tells which of these attempts' files must stay; asked once, and only if there are any.

    Returns:
        How many were removed. What cannot be looked at or removed is left: sweeping never stops anybody.
    """
    names: dict[int, list[str]] = {}
    try:
        listed = os.listdir(folder)
    except OSError:
        return 0
    for name in listed:
        attempt_id = attempt_of(name, tag)
        if attempt_id is not None:
            names.setdefault(attempt_id, []).append(name)
    if not names:
        return 0
    removed = 0
    for attempt_id in names.keys() - keep(names.keys()):
        for name in names[attempt_id]:
            with contextlib.suppress(OSError):
                os.unlink(folder / name)
                removed += 1
    return removed


def discard(paths: Iterable[Path]) -> None:
    """Remove hidden files that nobody needs; one that cannot be removed is left to `sweep`."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(path)


class Folders:
    """Makes the folders of outputs, and knows which folders must be synced for the new ones to last."""

    def __init__(self) -> None:
        self._unsynced: set[Path] = set()
        self._seen: set[str] = set()

    def look_again(self) -> None:
        """Look for each folder when it is asked for next: somebody may have removed it since."""
        self._seen.clear()

    def make(self, named: str | Path) -> None:
        """Make a folder and those above it, where they are missing; one that was seen since `look_again` is taken to be there.

        Args:
            named: Its path. For thousands of files that is best text: a `Path` is slow to take apart and to compare.

        Raises:
            FileError: `target`: something that is no folder is in its way.
            WorldError: The system said no.
        """
        text = os.fspath(named)
        if text in self._seen:
            return
        folder = Path(text)
        if os.path.isdir(folder):
            self._seen.add(text)
            return
        missing = [parent for parent in (folder, *folder.parents) if not os.path.exists(parent)]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            what = "the folder of the output cannot be made: something that is no folder is in its way"
            blamed = next((parent for parent in (folder, *folder.parents) if os.path.lexists(parent)), folder)
            raise FileError(what, shown(blamed), "move it, or name another folder", code="target") from error
        except OSError as error:
            raise cannot_write(error, "staged", folder) from error
        self._unsynced.update(parent.parent for parent in missing)

    def take_unsynced(self) -> set[Path]:
        """Give the folders that must be synced, or the new ones in them may be gone after a power cut; each once."""
        taken, self._unsynced = self._unsynced, set()
        return taken

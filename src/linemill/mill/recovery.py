"""What a process that died left behind, finished or taken back: before anything else is begun."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from linemill.catalog import Catalog
from linemill.catalog.records import Claim, Origin, Redo
from linemill.failpoints import reach
from linemill.files.hidden import sweep


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found.

    Attributes:
        redos: Committed and not published: to be published.
        taken_back: Attempts that had been under way; their files are ready again.
        removed: How many staged files of nobody were removed.
    """

    redos: list[Redo]
    taken_back: list[Claim]
    removed: int


def recover(catalog: Catalog, base: Path, now: float) -> Recovered:
    """Take over what dead processes had in hand, and remove what they had staged for nothing.

    Raises:
        WorldError: The catalog says no.
    """
    taken = catalog.take_over(now)
    reach("taken_over")
    # Claimed in the catalog, and then the process died before the file was moved: it never was ours.
    never = [claim for claim in taken.working if _was_never_ours(claim)]
    if never:
        catalog.forget(never)
    removed = 0
    gone: list[Path] = []
    for folder in catalog.staging_folders():
        if folder.is_dir():
            removed += sweep(folder, catalog.tag, catalog.must_stay)
        else:
            gone.append(folder)
    if gone:
        catalog.no_longer_stages_in(gone)
    reach("swept")
    return Recovered(taken.redos, [claim for claim in taken.working if claim not in never], removed)


def _was_never_ours(claim: Claim) -> bool:
    if claim.origin is not Origin.INBOX or claim.place is None or claim.found is None or claim.place == claim.found:
        return False
    if claim.tries or os.path.lexists(claim.place):
        return False
    try:
        found = os.lstat(claim.found)
    except OSError:
        return False
    return (found.st_size, found.st_mtime_ns) == (claim.size, claim.mtime_ns)

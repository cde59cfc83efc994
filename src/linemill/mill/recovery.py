"""What a process that died left behind, finished or taken back: before anything else is begun."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from linemill.catalog import Catalog
from linemill.catalog.records import Claim, Kind, Origin, Redo
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


def recover(catalog: Catalog, now: float) -> Recovered:
    """Take over what dead processes had in hand, and remove what they had staged for nothing.

    Raises:
        WorldError: The catalog says no.
    """
    taken = catalog.take_over(now, was_never_theirs=_was_never_moved)
    reach("taken_over")
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
    return Recovered(taken.redos, taken.working, removed)


def _was_never_moved(claim: Claim) -> bool:
    """Tell whether a process claimed a file in the catalog, and died before it moved the file: it never was ours.

    What has its name in the inbox says nothing: it may have been deleted or replaced since, by whoever sent it.
    """
    if claim.origin is not Origin.INBOX or claim.place is None or claim.place == claim.found:
        return False
    return claim.kind is Kind.FIRST and not claim.tries and not os.path.lexists(claim.place)

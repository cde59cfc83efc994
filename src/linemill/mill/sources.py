"""Where a run gets its files from: those that were named, or those that wait in the catalog."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Sequence
from pathlib import Path

from linemill.catalog import Catalog
from linemill.catalog.records import Arrived, Claim, Origin
from linemill.errors import UsageError
from linemill.files import shown
from linemill.mill.targets import name_of
from linemill.pipeline import Pipeline


class Ready:
    """Files that wait in the catalog."""

    def __init__(self, catalog: Catalog, file_ids: Collection[int], day: str) -> None:
        self._catalog = catalog
        self._day = day
        self._file_ids = set(file_ids)
        self.version_id = 0
        self.order: list[int] = []
        self.total = len(self._file_ids)
        self.is_over = False

    def begin(self, version_id: int) -> None:
        """Know the version."""
        self.version_id = version_id

    def more(self, limit: int, now: float) -> list[Claim]:
        """Claim the next ones."""
        claims = self._catalog.take(now, limit, version_id=self.version_id, day=self._day, only=self._file_ids)
        self.order += [claim.file_id for claim in claims if claim.file_id not in self.order]
        self.is_over = not claims
        return claims

    def path_of(self, claim: Claim) -> Path | None:
        """Give the path of a file."""
        return claim.place


class Given:
    """Files that were named on the command line, claimed in their order."""

    def __init__(self, catalog: Catalog, pipeline: Pipeline, inputs: Sequence[Path | None], day: str) -> None:
        self._catalog = catalog
        self._pipeline = pipeline
        self._inputs = inputs
        self._next = 0
        self._day = day
        self.version_id = 0
        self.order: list[int] = []
        self._index: dict[int, int] = {}
        self.total = len(inputs)

    @property
    def is_over(self) -> bool:
        """Whether all have been claimed."""
        return self._next == len(self._inputs)

    def begin(self, version_id: int) -> None:
        """Know the version; refuse files whose lines are in a growing output already.

        Raises:
            UsageError: Names the file and the output.
        """
        self.version_id = version_id
        growing = [output.name for output in self._pipeline.outputs if output.is_growing]
        if not growing:
            return
        for path in self._inputs:
            if path is not None and self._catalog.is_done(_arrived(path, 0)):
                raise UsageError(
                    f"the lines of this file are in the growing output {growing[0]!r} already",
                    shown(path),
                    "`linemill reprocess FILE --append-again` writes them a second time",
                )

    def more(self, limit: int, now: float) -> list[Claim]:
        """Claim the next ones."""
        given = self._inputs[self._next : self._next + limit]
        self._next += len(given)
        if not given:
            return []
        claims = self._catalog.claim(
            [_arrived(path, now) for path in given],
            origin=Origin.GIVEN,
            version_id=self.version_id,
            day=self._day,
            now=now,
            place_in=None,
            is_taken=lambda name: False,
        )
        for claim in claims:
            self._index[claim.file_id] = len(self.order)
            self.order.append(claim.file_id)
        return claims

    def path_of(self, claim: Claim) -> Path | None:
        """Give the path as it was named."""
        return self._inputs[self._index[claim.file_id]]


def _arrived(path: Path | None, now: float) -> Arrived:
    """Look at a file that was named; what cannot be looked at fails when it is read."""
    size, mtime_ns = -1, 0
    if path is not None:
        try:
            found = os.stat(path)
        except OSError:
            pass
        else:
            if stat.S_ISREG(found.st_mode):
                size, mtime_ns = found.st_size, found.st_mtime_ns
    return Arrived(Path(os.path.abspath(path)) if path is not None else None, name_of(path), size, mtime_ns, now)

"""What the web is about: one catalog and the pipeline that works on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from linemill.catalog import Catalog
from linemill.catalog.history import History
from linemill.mill.control import Control
from linemill.mill.folders import STATE_FOLDER
from linemill.pipeline import Pipeline


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """What every route works with. Used from any thread.

    Attributes:
        base: The folder that relative paths start from.
        folder: The state folder in it.
        history: Its catalog, to read.
        catalog: The same, to write wishes into; the owner is called `web`.
        pipeline: Gives the pipeline as the mill uses it now; as it was last good, where no mill runs.
    """

    base: Path
    folder: Path
    history: History
    catalog: Catalog
    pipeline: Callable[[], Pipeline]

    def control(self, who: str) -> Control:
        """Give what leaves somebody's wishes.

        Args:
            who: The token's name; `local` where nobody has to sign in.
        """
        return Control(self.folder, self.catalog, self.history, who)


@contextmanager
def open_site(base: Path, pipeline: Callable[[], Pipeline]) -> Iterator[Site]:
    """Open the catalog below a folder, made if it is missing, for as long as the web is about it.

    Args:
        base: The folder that relative paths start from.
        pipeline: As `Site` has it.

    Raises:
        WorldError: The catalog cannot be used.
    """
    folder = base / STATE_FOLDER
    with Catalog.open(folder, "web") as catalog:
        history = History.open(folder)
        assert history is not None
        with history:
            yield Site(base, folder, history, catalog, pipeline)

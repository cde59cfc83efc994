"""What the catalog says goes on: all that a dashboard asks for twice a second, in one transaction of a few short queries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, func, literal, select, union_all

from linemill.catalog import owners, periods, versions
from linemill.catalog.periods import Counts
from linemill.catalog.records import FileState, Owner
from linemill.catalog.schema import control, dead_letter, file


@dataclass(frozen=True, slots=True)
class Standing:
    """Who works on the catalog, and what they have said.

    Attributes:
        controls: What processes left for each other, by name.
        owners: The living processes that work on the catalog, the oldest first.
    """

    controls: Mapping[str, Any]
    owners: list[Owner]


@dataclass(frozen=True, slots=True)
class Now:
    """What goes on, at one moment.

    Attributes:
        totals: What was done since the catalog was begun.
        files: Files that are ready, working, committed or failed; counting stops at a limit for each.
        letters: Dead letters that stand, as far as they are kept here; counting stops at the same limit.
        standing: Who works on the catalog, and what they have said.
        digest: Of the version of the pipeline that was loaded last; None if none ever was.
    """

    totals: Counts
    files: Mapping[FileState, int]
    letters: int
    standing: Standing
    digest: str | None


def now(connection: Connection, folder: Path, limit: int) -> Now:
    """Ask for all of it.

    Args:
        connection: In a transaction.
        folder: The state folder.
        limit: Files of a state are counted so far, so that a million takes no longer.
    """
    totals = periods.read(connection, periods.EVER, 0)
    return Now(
        totals=totals[0].counts if totals else Counts(),
        files={FileState(row.state): row.files for row in connection.execute(_FILES, {"limit": limit})},
        letters=connection.scalar(_LETTERS, {"limit": limit}) or 0,
        standing=standing(connection, folder),
        digest=connection.scalar(versions.CURRENT_DIGEST),
    )


def standing(connection: Connection, folder: Path) -> Standing:
    """Ask who works on the catalog of a state folder, and what they have said. In a transaction."""
    controls = {row.name: json.loads(row.value) for row in connection.execute(_CONTROLS)}
    return Standing(controls, owners.living(connection, folder))


_FILES = union_all(
    *(
        select(literal(str(state)).label("state"), func.count().label("files")).select_from(
            select(file.c.id).where(file.c.state == state).limit(bindparam("limit", type_=Integer)).subquery()
        )
        for state in (FileState.READY, FileState.WORKING, FileState.COMMITTED, FileState.FAILED)
    )
)
_LETTERS = select(func.count()).select_from(select(dead_letter.c.id).limit(bindparam("limit", type_=Integer)).subquery())
_CONTROLS = select(control.c.name, control.c.value)

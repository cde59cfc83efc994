"""Versions of the pipeline in the catalog: the text of each, and of its modules. Which are removed is for `thinning`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from linemill.catalog.decoding import mapping
from linemill.catalog.encoding import plain
from linemill.catalog.rows import VersionRow
from linemill.catalog.schema import version

_T = version.c
_ROWS = select(_T.id, _T.digest, _T.loaded_at)
_LATEST = (_T.loaded_at.desc(), _T.id.desc())

CURRENT_DIGEST = select(_T.digest).order_by(*_LATEST).limit(1)
"""Asks for the digest of the version that was loaded last."""


def keep(connection: Connection, text: str, sources: Mapping[str, str], now: float) -> int:
    """Keep what a pipeline says, once, and that it was loaded now; give its row.

    Args:
        connection: A transaction that writes.
        text: Of the pipeline file.
        sources: Of its modules, by path.
        now: Seconds since 1970.
    """
    kept, digest = _kept(sources), digest_of(text, sources)
    found = connection.scalar(update(version).where(_T.digest == digest).values(loaded_at=now).returning(_T.id))
    if found is not None:
        return int(found)
    row = {"digest": digest, "text": plain(text), "sources": kept, "loaded_at": now}
    return int(connection.scalars(insert(version).returning(_T.id), [row]).one())


def digest_of(text: str, sources: Mapping[str, str]) -> str:
    """Give the name of a version: what log, pages and catalog call it, of which the first twelve digits are shown."""
    return hashlib.sha256(json.dumps([text, _kept(sources)]).encode()).hexdigest()


def newest(connection: Connection, before: int | None, limit: int) -> list[VersionRow]:
    """List versions, the newest first; only those older than a row, if one is given."""
    query = _ROWS.order_by(_T.id.desc()).limit(limit)
    return [VersionRow(*row) for row in connection.execute(query if before is None else query.where(_T.id < before))]


def one(connection: Connection, version_id: int) -> VersionRow | None:
    """Give one version."""
    return _first(connection, _ROWS.where(_T.id == version_id))


def current(connection: Connection) -> VersionRow | None:
    """Give the version that was loaded last; None if none ever was."""
    return _first(connection, _ROWS.order_by(*_LATEST))


def with_digest(connection: Connection, digest: str) -> int | None:
    """Give the row of the version with this digest."""
    return connection.scalar(select(_T.id).where(_T.digest == digest))


def text(connection: Connection, version_id: int) -> tuple[str, dict[str, str]] | None:
    """Give the pipeline file of a version, and its modules by path; None if it is unknown."""
    row = connection.execute(select(_T.text, _T.sources).where(_T.id == version_id)).one_or_none()
    return (row.text, mapping(row.sources)) if row is not None else None


def _kept(sources: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(sources.items())))


def _first(connection: Connection, query: Select[Any]) -> VersionRow | None:
    row = connection.execute(query.limit(1)).one_or_none()
    return VersionRow(*row) if row is not None else None

"""Files in a list, each with why it is where it is and what happens next."""

from __future__ import annotations

from collections.abc import Sequence

from linemill.catalog.records import FileState
from linemill.catalog.rows import AttemptRow, FileRow
from linemill.errors import LinemillError
from linemill.files import shown
from linemill.mill.arrival import Seen, look_at_some
from linemill.mill.explaining import MillState, explained_seen, in_words, listed, mill_state
from linemill.web.documents.texts import here, said
from linemill.web.models import FileItem, FileList
from linemill.web.site import Site

SEEN = 200
"""Files of the inbox that are listed."""

LOOKED_AT = 1_000
"""Entries of the inbox that are looked at: 20 ms. A hundred thousand would take a second and a half, for every page."""

IN_INBOX = (None, FileState.WAITING, FileState.READY, FileState.IGNORED)
"""States asked for, for which the inbox is looked at; None is all."""


def file_list(
    site: Site, now: float, *, state: FileState | None, name_like: str | None, sort: str, after: str | None, limit: int
) -> FileList:
    """List files: with the first page those that are only in the inbox, then those of the catalog.

    Raises:
        UsageError: The cursor is none of ours.
    """
    seen: Sequence[Seen] = ()
    trouble, has_more = None, False
    if after is None and state in IN_INBOX:
        try:
            seen, has_more = look_at_some(site.pipeline(), site.base, now, site.history.known_in, LOOKED_AT)
        except LinemillError as error:
            trouble = said(str(error))
    found = listed(site.history, seen, state=state, name_like=name_like, sort=sort, after=after, limit=limit)
    mill = mill_state(site.history)
    items = [_seen_item(one, mill) for one in found.seen[:SEEN]]
    return FileList(
        files=(*items, *file_items(site, found.rows, mill)),
        after=found.after,
        trouble=trouble,
        inbox_has_more=has_more or len(found.seen) > len(items),
    )


def file_items(site: Site, rows: Sequence[FileRow], mill: MillState) -> list[FileItem]:
    """Say some files of the catalog."""
    attempts = site.history.attempts_by_id([row.attempt_id for row in rows if row.attempt_id is not None])
    return [file_item(row, attempts.get(row.attempt_id) if row.attempt_id is not None else None, mill) for row in rows]


def file_item(row: FileRow, last: AttemptRow | None, mill: MillState) -> FileItem:
    """Say a file of the catalog, whose last attempt is given."""
    why, then, then_at = in_words(row, last, mill)
    return FileItem(
        id=row.id,
        name=shown(row.name),
        state=row.state,
        origin=row.origin,
        why=here(why),
        next=here(then),
        next_at=then_at,
        size=row.size,
        since=row.since,
        noticed_at=row.noticed_at,
        done_at=row.done_at,
        tries=row.tries,
        code=row.code,
        reason=said(row.reason) if row.reason is not None else None,
        lines=row.lines,
        dead=row.dead,
        raw_bytes=row.raw_bytes,
        seconds=row.seconds,
    )


def _seen_item(one: Seen, mill: MillState) -> FileItem:
    found = explained_seen(one, mill)
    return FileItem(
        id=None,
        name=shown(one.name),
        state=one.fate,
        why=here(found.why),
        next=here(found.then),
        next_at=found.then_at,
        size=one.size,
        since=one.mtime_ns / 1e9,
    )

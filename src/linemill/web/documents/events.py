"""Who did what."""

from __future__ import annotations

from linemill.files import shown
from linemill.web.documents.texts import said
from linemill.web.models import EventItem, EventList
from linemill.web.site import Site


def event_list(site: Site, *, after: str | None, limit: int) -> EventList:
    """List events, the newest first, each with the name of its file.

    Raises:
        UsageError: The cursor is none of ours.
    """
    page = site.history.events(after=after, limit=limit)
    names = site.history.file_names({row.file_id for row in page.rows if row.file_id is not None})
    return EventList(
        events=tuple(
            EventItem(
                id=row.id,
                at=row.at,
                who=said(row.who),
                what=said(row.what),
                file_id=row.file_id,
                file=shown(names[row.file_id]) if row.file_id in names else None,
                detail=said(row.detail),
            )
            for row in page.rows
        ),
        after=page.after,
    )

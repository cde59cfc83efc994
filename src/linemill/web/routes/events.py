"""`/events`: who did what."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from linemill.web.answers import PAGE_TOO, answer
from linemill.web.asking import After, Limit, site_of
from linemill.web.documents.events import event_list
from linemill.web.models import EventList

router = APIRouter(tags=["events"])


@router.get("/events", response_model=EventList, responses=PAGE_TOO)
def events(request: Request, after: After = None, limit: Limit = 100) -> Response:
    """List what was done and asked for, and by whom, the newest first."""
    found = event_list(site_of(request), after=after or None, limit=limit)
    return answer(request, found, "events.html", asked=dict(request.query_params))

"""`/stats`: what goes on now, as values, as a page and as a stream. `/` leads there."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from linemill.web.answers import Form, answer, form_of
from linemill.web.asking import snapshots_of
from linemill.web.models import Stats, Window

router = APIRouter(tags=["stats"])

ALL_FORMS: dict[int | str, dict[str, Any]] = {
    200: {"content": {form.value: {"schema": {"type": "string"}} for form in (Form.PAGE, Form.STREAM)}}
}


@router.get("/", status_code=307, response_class=RedirectResponse)
async def root() -> Response:
    """Go to what goes on now."""
    return RedirectResponse("/stats", 307)


@router.get("/stats", response_model=Stats, responses=ALL_FORMS)
async def stats(
    request: Request, window: Annotated[Window, Query(description="How far the points look back.")] = "10m"
) -> Response:
    """Say what goes on now, and what was done in a window; as a stream, whenever something has changed."""
    snapshots = snapshots_of(request)
    match form_of(request.headers.get("accept", "")):
        case Form.STREAM:
            response: Response = request.app.state.streams.response()
        case Form.PAGE:
            response = await run_in_threadpool(lambda: answer(request, snapshots.stats(window), "stats.html"))
        case Form.JSON:
            # Mostly somebody else has just asked: then no thread is needed.
            text = snapshots.fresh_text(window) or await run_in_threadpool(snapshots.text, window)
            response = Response(text, media_type=Form.JSON)
    return response

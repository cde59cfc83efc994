"""`/trace`: lines and their way through the nodes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from linemill.web.answers import PAGE_TOO, answer
from linemill.web.asking import After, FileNamed, LineNumber, NodeName, file_meant, site_of
from linemill.web.documents.traces import trace as trace_of
from linemill.web.models import Trace

router = APIRouter(tags=["trace"])


@router.get("/trace", response_model=Trace, responses=PAGE_TOO)
def trace(
    request: Request,
    file: FileNamed = None,
    line: LineNumber = None,
    node: NodeName = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=100, description="How many attempts at most; each has up to 16 sampled lines.")] = 20,
) -> Response:
    """Show the ways of lines through the nodes: of those that were sampled and, of a file, of those that died."""
    found = trace_of(
        site_of(request),
        file_id=file_meant(request, file),
        line=line or None,
        node=node or None,
        after=after or None,
        limit=limit,
    )
    return answer(request, found, "trace.html", asked=dict(request.query_params))

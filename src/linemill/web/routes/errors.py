"""`/errors`: dead letters, by node and code."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from linemill.web.answers import PAGE_TOO, answer, wants_page
from linemill.web.asking import After, Code, FileNamed, LimitOrNone, NodeName, file_meant, site_of
from linemill.web.documents.letters import error_list
from linemill.web.models import ErrorList

router = APIRouter(tags=["errors"])

A_PAGE = 20
"""Dead letters that a person is shown at a time: each is a few lines high."""


@router.get("/errors", response_model=ErrorList, responses=PAGE_TOO)
def errors(
    request: Request,
    node: NodeName = None,
    code: Code = None,
    file: FileNamed = None,
    after: After = None,
    limit: LimitOrNone = None,
) -> Response:
    """List what went wrong: dead letters by node and code, one by one, and files that failed as a whole."""
    found = error_list(
        site_of(request),
        node=node or None,
        code=code or None,
        file_id=file_meant(request, file),
        after=after or None,
        limit=limit or (A_PAGE if wants_page(request) else 100),
    )
    return answer(request, found, "errors.html", asked=dict(request.query_params))

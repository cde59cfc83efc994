"""`/errors`: dead letters, by node and code."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from linemill.web.answers import PAGE_TOO, answer
from linemill.web.asking import After, Code, FileNamed, Limit, NodeName, file_meant, site_of
from linemill.web.documents.letters import error_list
from linemill.web.models import ErrorList

router = APIRouter(tags=["errors"])


@router.get("/errors", response_model=ErrorList, responses=PAGE_TOO)
def errors(
    request: Request,
    node: NodeName = None,
    code: Code = None,
    file: FileNamed = None,
    after: After = None,
    limit: Limit = 100,
) -> Response:
    """List what went wrong: dead letters by node and code, one by one, and files that failed as a whole."""
    found = error_list(
        site_of(request),
        node=node or None,
        code=code or None,
        file_id=file_meant(request, file),
        after=after or None,
        limit=limit,
    )
    return answer(request, found, "errors.html", asked=dict(request.query_params))

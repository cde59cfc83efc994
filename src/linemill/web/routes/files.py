"""`/files` and one file: its life, what came of it, its outputs to download."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response

from linemill.catalog.records import FileState
from linemill.web.answers import PAGE_TOO, answer
from linemill.web.asking import After, Limit, Row, file_of, site_of
from linemill.web.documents.file import file_page
from linemill.web.documents.files import file_list
from linemill.web.downloads import Attachment, attachment
from linemill.web.models import FileList, FilePage, Refusal

router = APIRouter(tags=["files"])

Sort = Literal["since", "-since", "name", "-name", "id", "-id"]


@router.get("/files", response_model=FileList, responses=PAGE_TOO)
def files(
    request: Request,
    state: Annotated[FileState | Literal[""] | None, Query(description="Only files in this state; empty for all.")] = None,
    name: Annotated[
        str | None,
        Query(max_length=1000, description="Only files of this name; `*`, `?` and `[ab]` stand for others. Empty for all."),
    ] = None,
    sort: Annotated[
        Sort, Query(description="`since`: when it came into its state; `id`: as they came. With `-` the last comes first.")
    ] = "-since",
    after: After = None,
    limit: Limit = 100,
) -> Response:
    """List files: those that are only in the inbox, with the first page, and those of the catalog.

    Each with its state, why it is in it, and what happens next.
    """
    found = file_list(
        site_of(request),
        time.time(),
        state=state or None,
        name_like=name or None,
        sort=sort,
        after=after or None,
        limit=limit,
    )
    return answer(request, found, "files.html", asked=dict(request.query_params))


@router.get("/files/{id}", response_model=FilePage, responses=PAGE_TOO)
def file(request: Request, id: Row) -> Response:
    """Say all that is known of a file: its life, its attempts, what came of it, and what may be asked for."""
    return answer(request, file_page(site_of(request), file_of(request, id)), "file.html", asked=dict(request.query_params))


@router.get(
    "/files/{id}/outputs/{output_id}",
    status_code=200,
    response_class=Attachment,
    responses={
        200: {
            "description": "What the file gave to this output, and nothing else where the output grows.",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        409: {"model": Refusal, "description": "Something else is in its place."},
    },
)
def output(request: Request, id: Row, output_id: Row) -> Response:
    """Download what a file gave to an output."""
    row = site_of(request).history.output(output_id)
    if row is None or row.file_id != id:
        raise HTTPException(404, f"file {id} has no output {output_id}")
    return attachment(row)

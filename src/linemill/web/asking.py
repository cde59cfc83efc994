"""What requests have in common: parameters, and what they are about.

An empty parameter is one that is not given, since a browser sends every field of a form.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import HTTPException, Path, Query, Request

from linemill.catalog.encoding import LARGEST
from linemill.catalog.rows import FileRow
from linemill.web.gate import Gate
from linemill.web.site import Site
from linemill.web.snapshot import Snapshots

Row = Annotated[int, Path(ge=1, le=LARGEST, description="The row.")]

Number = Annotated[int, Query(ge=1, le=LARGEST)]

FileNamed = Annotated[
    str | None,
    Query(max_length=1000, description="Only of this file: its row, or its name; the newest of that name. Empty for all."),
]

LineNumber = Annotated[Number | Literal[""] | None, Query(description="Only the line of this number; empty for all.")]

NodeName = Annotated[str | None, Query(max_length=1000, description="Only of this node; empty for all.")]

Code = Annotated[str | None, Query(max_length=100, description="Only with this code; empty for all.")]

After = Annotated[str | None, Query(max_length=4000, description="The `after` of the page before; empty for the first page.")]

Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]


LimitOrNone = Annotated[
    int | None, Query(ge=1, le=500, description="How many at most. If it is not given: 100, and 20 on a page for people.")
]


def site_of(request: Request) -> Site:
    """Give what a request is about."""
    site = request.app.state.site
    assert isinstance(site, Site)
    return site


def snapshots_of(request: Request) -> Snapshots:
    """Give what knows what goes on."""
    snapshots = request.app.state.snapshots
    assert isinstance(snapshots, Snapshots)
    return snapshots


def gate_of(request: Request) -> Gate:
    """Give what knows who may come in."""
    gate = request.app.state.gate
    assert isinstance(gate, Gate)
    return gate


def file_of(request: Request, file_id: int) -> FileRow:
    """Give the file that a path names.

    Raises:
        HTTPException: 404: there is none.
    """
    row = site_of(request).history.file(file_id)
    if row is None:
        raise HTTPException(404, f"there is no file {file_id}")
    return row


def file_meant(request: Request, text: str | None) -> int | None:
    """Give the row of the file that a filter names; None for no filter; 0, which no file has, where there is none."""
    if not text:
        return None
    # Names only: the paths that a command line takes are looked for on the disk, too.
    found = [] if "/" in text else site_of(request).history.find(text, limit=1)
    return found[0].id if found else 0

"""What requests have in common: parameters, and what they are about."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request

from linemill.catalog.encoding import LARGEST
from linemill.web.site import Site

Id = Annotated[int, Path(ge=1, le=LARGEST, description="The file's row.")]

After = Annotated[str | None, Query(max_length=4000, description="The `after` of the page before.")]

Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]


def site_of(request: Request) -> Site:
    """Give what a request is about."""
    site = request.app.state.site
    assert isinstance(site, Site)
    return site

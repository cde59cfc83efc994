"""`/pipeline`, its nodes and its versions."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from linemill.catalog.rows import VersionRow
from linemill.web.answers import PAGE_TOO, answer
from linemill.web.asking import After, Limit, Number, Row, site_of, snapshots_of
from linemill.web.documents.letters import letter_groups
from linemill.web.documents.pipeline import node_info, pipeline_info, version_page
from linemill.web.documents.traces import traced_lines
from linemill.web.models import NodePage, PipelineInfo, VersionPage, Window

TRACES = 10
"""Attempts whose sampled lines are shown with a node."""

router = APIRouter(tags=["pipeline"])


@router.get("/pipeline", response_model=PipelineInfo, responses=PAGE_TOO)
def pipeline(request: Request, after: After = None, limit: Limit = 20) -> Response:
    """Show the pipeline as it is used now, and its versions, the newest first."""
    found = pipeline_info(site_of(request), after=after or None, limit=limit)
    return answer(request, found, "pipeline.html", asked=dict(request.query_params))


@router.get("/pipeline/nodes/{name:path}", response_model=NodePage, responses=PAGE_TOO)
def node(
    request: Request,
    name: Annotated[str, Path(max_length=1000, description="The node's name.")],
    window: Annotated[Window, Query(description="How far to look back.")] = "1h",
) -> Response:
    """Show a node: its processor and settings, what it does and has done, its errors, and lines that came by."""
    site = site_of(request)
    pipeline = site.pipeline()
    wanted = next((each for each in pipeline.nodes if each.name == name), None)
    try:
        now, points = snapshots_of(request).node(name, window)
    except KeyError:
        wanted = None  # it may have changed just now
    if wanted is None:
        raise HTTPException(404, "the pipeline has no such node")
    found = NodePage(
        node=node_info(pipeline, wanted),
        now=now,
        window=window,
        points=points,
        groups=letter_groups((group for group in site.history.letters_grouped() if group.node == name), site.pipeline()),
        traces=tuple(traced_lines(site, site.history.traces(node=name, limit=TRACES).rows)),
    )
    return answer(request, found, "node.html", asked=dict(request.query_params))


@router.get("/pipeline/versions/{id}", response_model=VersionPage, responses=PAGE_TOO)
def version(
    request: Request,
    id: Row,
    against: Annotated[
        Number | Literal[""] | None, Query(description="The version to hold it against, by its row; empty for the one before.")
    ] = None,
) -> Response:
    """Show a version of the pipeline file and of its processors' modules, and what changed from another one to it."""
    row = _version_of(request, id)
    other = _version_of(request, against) if against else site_of(request).history.version_before(id)
    found = version_page(site_of(request), row, other)
    return answer(request, found, "version.html", asked=dict(request.query_params))


def _version_of(request: Request, version_id: int) -> VersionRow:
    row = site_of(request).history.version(version_id)
    if row is None:
        raise HTTPException(404, f"there is no version {version_id} of the pipeline")
    return row

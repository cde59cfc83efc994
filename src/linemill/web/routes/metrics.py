"""`/metrics`: the same counts for Prometheus."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import choose_encoder

router = APIRouter(tags=["metrics"])

_NO_VERSION = re.compile(r"version=(?!\d{1,3}(\.\d{1,3}){2}\s*([;,]|$))")
"""What the library that chooses the form breaks on, or says again as it came."""

TEXT = {"schema": {"type": "string"}}


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": TEXT, "application/openmetrics-text": TEXT}}},
)
def metrics(request: Request) -> Response:
    """Give all counts as Prometheus reads them."""
    accept = request.headers.get("accept", "")
    encode, kind = choose_encoder("" if _NO_VERSION.search(accept) else accept)
    return Response(encode(request.app.state.registry), headers={"Content-Type": kind})

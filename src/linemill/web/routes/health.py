"""`/health` and `/ready`: whether the process answers, and whether it takes files. For everybody, without secrets."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from linemill import __version__
from linemill.errors import LinemillError
from linemill.mill.explaining import MillState
from linemill.mill.room import LITTLE
from linemill.web.answers import in_json
from linemill.web.asking import snapshots_of
from linemill.web.models import Health, Readiness
from linemill.web.threads import apart

router = APIRouter(tags=["health"])


@router.get("/health", response_model=Health)
async def health() -> Health:
    """Say that the process answers."""
    return Health(version=__version__)


@router.get("/ready", response_model=Readiness, responses={503: {"model": Readiness, "description": "Not now."}})
async def ready(request: Request) -> Response:
    """Say whether files are taken and, if not, why."""
    try:
        moment = await apart(snapshots_of(request).moment)
        reasons = reasons_of(moment.mill)
    except LinemillError:
        reasons = ("the catalog cannot be read",)
    said = Readiness(is_ready=not reasons, reasons=reasons)
    return in_json(said, 503 if reasons else 200)


def reasons_of(mill: MillState) -> tuple[str, ...]:
    """Tell why no files are taken, in words that anybody may read: no names, no paths; none if files are taken."""
    reasons = []
    if mill.mill is None:
        reasons.append("no mill runs")
    if mill.paused is not None:
        reasons.append("the mill is paused")
    if mill.blocked is not None:
        is_full = LITTLE in mill.blocked
        reasons.append(f"the mill is blocked: {'too little room on a disk' if is_full else 'something cannot be written'}")
    return tuple(reasons)

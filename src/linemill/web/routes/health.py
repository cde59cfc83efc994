"""`/health` and `/ready`: whether the process answers, and whether it takes files. For everybody, without secrets."""

from __future__ import annotations

from fastapi import APIRouter

from linemill import __version__
from linemill.web.models import Health

router = APIRouter()


@router.get("/health", response_model=Health)
async def health() -> Health:
    """Say that the process answers."""
    return Health(version=__version__)

"""`/trace`: lines and their way through the nodes."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()

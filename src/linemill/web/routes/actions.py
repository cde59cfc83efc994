"""What somebody wishes: retry, reprocess, redrive, pause, resume."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()

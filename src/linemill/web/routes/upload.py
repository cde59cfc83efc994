"""`POST /files`: files that are sent to the inbox."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()

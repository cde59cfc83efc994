"""`/stats`: what goes on now, as values, as a page and as a stream. `/` leads there."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()

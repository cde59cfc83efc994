"""`/metrics`: the same counts for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()

"""`/pipeline`, its nodes and its versions."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()

"""`/errors`: dead letters, by node and code."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()

"""`/files` and one file: its life, what came of it, its outputs to download."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()

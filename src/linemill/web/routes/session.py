"""`/sign-in` and `/sign-out`: the cookie."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter()

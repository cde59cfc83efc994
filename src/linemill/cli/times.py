"""Points in time for people: local time, and how far away that is."""

from __future__ import annotations

import time


def clock(at: float) -> str:
    """Say a time in the local time zone: `2026-03-02 14:05:09`."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def distance(at: float, now: float) -> str:
    """Say how far away a time is: `in 12 s`, `5 min ago`, `now`."""
    seconds = round(abs(at - now))
    if seconds == 0:
        return "now"
    return f"in {_span(seconds)}" if at > now else f"{_span(seconds)} ago"


def _span(seconds: int) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:,} {unit}"
    return f"{seconds} s"

"""What a failure of an attempt means: another try and when, or the end; and where the input goes."""

from __future__ import annotations

import random
from pathlib import Path

from linemill.catalog.records import Claim, Failed, Kind, Origin
from linemill.engine import Ledger
from linemill.errors import LinemillError
from linemill.pipeline import After, Pipeline

THE_WORLDS = frozenset({"disk_full", "cannot_write", "foreign_bytes", "cut_off"})
"""Troubles with what is written: no file's fault, so they use up no try. The mill waits until they are over."""

KILLERS = frozenset({"worker_died", "stalled", "memory"})
"""What a file does to its worker; a second time, and the file has failed."""

NOT_TRIED = frozenset({"undone", "lost", "pipeline_changed", "interrupted"})
"""The attempt was not the file's own."""

AGAIN = frozenset({"changed"})
"""Faults of the file that may be over at the next try."""

SOON_S = 0.5
"""Wait after a trouble that was not the file's, in seconds: not at once, so that nothing spins."""


def failed(
    claim: Claim,
    error: LinemillError,
    pipeline: Pipeline,
    base: Path,
    now: float,
    *,
    ledger: Ledger | None,
    raw_bytes: int,
    seconds: float,
) -> Failed:
    """Decide what becomes of a file whose attempt failed."""
    counts = error.code not in THE_WORLDS | NOT_TRIED
    next_try_at: float | None = None
    if claim.origin is Origin.GIVEN:
        # `run` waits for nothing: only what another worker may do better is done again.
        if error.code == "undone" or (error.code in KILLERS and claim.tries == 0):
            next_try_at = now
    elif not counts:
        next_try_at = now + SOON_S
    elif error.code in KILLERS:
        next_try_at = None if claim.tries else now + pipeline.tries.wait_s(1, random.random)
    elif (error.may_retry or error.code in AGAIN) and claim.tries + 1 < pipeline.tries.attempts:
        next_try_at = now + pipeline.tries.wait_s(claim.tries + 1, random.random)
    return Failed(
        claim=claim,
        code=error.code,
        reason=str(error),
        traceback=error.traceback,
        next_try_at=next_try_at,
        counts=counts,
        moves_to=_way_of_the_input(claim, pipeline, base) if next_try_at is None else None,
        ledger=ledger,
        may_retry=error.may_retry,
        raw_bytes=raw_bytes,
        seconds=seconds,
    )


def _way_of_the_input(claim: Claim, pipeline: Pipeline, base: Path) -> Path | None:
    if claim.origin is Origin.GIVEN or pipeline.watch.after is After.KEEP or claim.kind in (Kind.REDRIVE, Kind.REPROCESS):
        return None
    return base / pipeline.watch.failed / claim.life_name

"""What dead processes have left, and what of it is still needed. Each function is part of a transaction."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, and_, or_, select, update

from linemill.catalog import periods
from linemill.catalog.attempts import slices, take_back
from linemill.catalog.encoding import Row, claim_of
from linemill.catalog.periods import Counts
from linemill.catalog.records import AttemptState, Claim, FileState, Origin
from linemill.catalog.schema import attempt, file, span

INTERRUPTED = {"code": "interrupted", "reason": "the process that worked on the file ended before it was done"}


def take_over(connection: Connection, owner_id: str, alive: Collection[str], now: float) -> list[Claim]:
    """Make committed attempts of the dead ours, and take back those that were under way; give these."""
    of_the_dead = attempt.c.owner_id.not_in(alive)
    committed = update(attempt).where(attempt.c.state == AttemptState.COMMITTED, of_the_dead)
    connection.execute(committed.values(owner_id=owner_id))
    under_way = select(attempt).where(attempt.c.state == AttemptState.WORKING, of_the_dead).order_by(attempt.c.id)
    attempts = list(connection.execute(under_way))
    take_back(connection, [row.id for row in attempts], now)
    files: dict[int, Row] = {}
    for ids in slices([row.file_id for row in attempts]):
        ready = {"state": FileState.READY, "since": now, "next_try_at": now}
        failed = {"state": FileState.FAILED, "since": now, "next_try_at": None, **INTERRUPTED}
        for origin, values in ((Origin.INBOX, ready), (Origin.GIVEN, failed)):
            connection.execute(update(file).where(file.c.id.in_(ids), file.c.origin == origin).values(values))
        files |= {row.id: row for row in connection.execute(select(file).where(file.c.id.in_(ids)))}
    given = sum(1 for row in files.values() if row.origin == Origin.GIVEN)
    if given:
        periods.add(connection, Counts(failed=given, failures={INTERRUPTED["code"]: given}), now)
    return [claim_of(files[row.file_id], row) for row in attempts]


def must_stay(connection: Connection, attempt_ids: Collection[int], alive: Collection[str]) -> set[int]:
    """Give those of the attempts whose staged files are needed: worked on, to be published, or to be gone on with."""
    has_spans = select(span.c.index).where(span.c.attempt_id == attempt.c.id).exists()
    is_last = select(file.c.id).where(file.c.id == attempt.c.file_id, file.c.attempt_id == attempt.c.id).exists()
    needed = or_(
        attempt.c.state == AttemptState.COMMITTED,
        and_(attempt.c.state == AttemptState.WORKING, attempt.c.owner_id.in_(alive)),
        and_(attempt.c.state == AttemptState.TAKEN_BACK, has_spans, is_last),
    )
    stay: set[int] = set()
    for ids in slices(sorted(attempt_ids)):
        stay.update(connection.scalars(select(attempt.c.id).where(attempt.c.id.in_(ids), needed)))
    return stay

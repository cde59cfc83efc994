"""Attempts begin, are given back and forgotten. Each function is part of a transaction that writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update

from linemill.catalog.database import added, many
from linemill.catalog.encoding import Row, bounded, claim_of, span_row, text_of, wish_of, wish_text
from linemill.catalog.records import Arrived, AttemptState, Claim, FileState, Kind, Origin, SpanDone, Wish
from linemill.catalog.schema import attempt, file, node_count, span
from linemill.errors import WorldError
from linemill.files import shown

T = TypeVar("T")

OF_FILE = update(file).where(file.c.id == bindparam("of"))
OF_ATTEMPT = update(attempt).where(attempt.c.id == bindparam("of"))
"""Change one row each, by its number; made once, so that they are compiled once."""

SLICE = 1000
"""Rows that are asked for by their numbers in one statement."""


@dataclass(frozen=True, slots=True)
class By:
    """Who claims, and what for.

    Attributes:
        owner_id: The process.
        version_id: The pipeline's version.
        day: What `{date}` says, unless the attempt is an older one.
        now: Seconds since 1970.
    """

    owner_id: str
    version_id: int
    day: str
    now: float


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that gets a row.

    Attributes:
        arrived: What is known of it.
        origin: How it came.
        number: The how manieth of its name.
        life_name: What its outputs are called after.
        place: Where it is to be read; None for standard input.
    """

    arrived: Arrived
    origin: Origin
    number: int
    life_name: str
    place: Path | None


def first_attempts(connection: Connection, by: By, new: Sequence[NewFile]) -> list[Claim]:
    """Add files, and begin the first attempt at each."""
    if not new:
        return []
    file_ids = added(connection, file, [_new_file(each, by.now) for each in new])
    attempt_ids = added(connection, attempt, [_new_attempt(by, file_id, 1, Kind.FIRST, None) for file_id in file_ids])
    last = [{"of": file_id, "attempt_id": attempt_id} for file_id, attempt_id in zip(file_ids, attempt_ids, strict=True)]
    many(connection, OF_FILE, last)
    return [
        Claim(
            file_id=file_id,
            attempt_id=attempt_id,
            origin=each.origin,
            kind=Kind.FIRST,
            name=each.arrived.name,
            life_name=each.life_name,
            found=each.arrived.path,
            place=each.place,
            size=each.arrived.size,
            mtime_ns=bounded(each.arrived.mtime_ns),
            tries=0,
            day=by.day,
            version_id=by.version_id,
            noticed_at=each.arrived.noticed_at,
        )
        for each, file_id, attempt_id in zip(new, file_ids, attempt_ids, strict=True)
    ]


def further_attempts(connection: Connection, by: By, file_ids: Sequence[int]) -> list[Claim]:
    """Begin another attempt at each file, or go on with one that was taken back and has durable spans of the same version."""
    if not file_ids:
        return []
    rows = {row.id: row for row in _all(connection, file, file_ids)}
    last = {row.file_id: row for row in _all(connection, attempt, [row.attempt_id for row in rows.values()])}
    published = published_before(connection, file_ids)
    taken_back = [row.id for row in last.values() if row.state == AttemptState.TAKEN_BACK]
    with_spans = set(connection.scalars(select(span.c.attempt_id).where(span.c.attempt_id.in_(taken_back)).distinct()))
    resumed: list[int] = []
    new: list[dict[str, object]] = []
    for file_id in file_ids:
        before = last[file_id]
        wish = wish_of(rows[file_id].wish)
        if before.id in with_spans and before.version_id == by.version_id and (wish is None or wish.kind is Kind.RETRY):
            resumed.append(before.id)
            continue
        kind = kind_after(Kind(before.kind), AttemptState(before.state), wish, was_published=file_id in published)
        if wish is None or wish.kind is not kind:
            wish = wish_of(before.wish) if before.kind == kind else None
        new.append(_new_attempt(by, file_id, before.number + 1, kind, wish))
    _resume(connection, by, resumed)
    connection.execute(delete(span).where(span.c.attempt_id.in_(with_spans - set(resumed))))
    return _begun(connection, by, file_ids, new)


def kind_after(last: Kind, state: AttemptState, wish: Wish | None, *, was_published: bool) -> Kind:
    """Decide why the next attempt at a file is made.

    Args:
        last: Kind of the attempt before.
        state: What became of that.
        wish: What somebody asked for.
        was_published: Outputs of an earlier attempt are there, and are to be replaced.
    """
    if not was_published:
        return Kind.FIRST if state is AttemptState.TAKEN_BACK and last is Kind.FIRST else Kind.RETRY
    if wish is not None and wish.kind is not Kind.RETRY:
        return wish.kind
    # Another try at what was tried before: as a mere retry it would not replace what is there.
    return last if last is Kind.REDRIVE and state is not AttemptState.PUBLISHED else Kind.REPROCESS


def published_before(connection: Connection, file_ids: Sequence[int]) -> set[int]:
    """Give those of the files that an attempt has published something of."""
    # Not asked for by state: without statistics SQLite would go through all that are published.
    states = select(attempt.c.file_id, attempt.c.state).where(attempt.c.file_id.in_(file_ids)).distinct()
    return {row.file_id for row in connection.execute(states) if row.state == AttemptState.PUBLISHED}


def set_back(connection: Connection, owner_id: str, claims: Sequence[Claim], now: float) -> None:
    """Take attempts back as if they had not been begun, and their files to be taken again."""
    ours = still_ours(connection, owner_id, [claim.attempt_id for claim in claims])
    take_back(connection, ours, now)
    ready = {"state": FileState.READY, "since": now, "next_try_at": now}
    connection.execute(update(file).where(file.c.id.in_(ours.values())).values(ready))


def take_back(connection: Connection, attempt_ids: Collection[int], now: float) -> None:
    """Mark attempts as taken back."""
    taken_back = {"state": AttemptState.TAKEN_BACK, "ended_at": now}
    connection.execute(update(attempt).where(attempt.c.id.in_(attempt_ids)).values(taken_back))


def forget(connection: Connection, claims: Sequence[Claim], now: float) -> None:
    """Remove attempts, and files of which these were all; others are what they were before."""
    file_ids = [claim.file_id for claim in claims]
    connection.execute(delete(attempt).where(attempt.c.id.in_([claim.attempt_id for claim in claims])))
    last = select(func.max(attempt.c.id)).where(attempt.c.file_id.in_(file_ids)).group_by(attempt.c.file_id)
    left = list(connection.execute(select(attempt.c.id, attempt.c.file_id, attempt.c.state).where(attempt.c.id.in_(last))))
    connection.execute(delete(file).where(file.c.id.in_(set(file_ids) - {row.file_id for row in left})))
    if left:
        before = [
            {
                "of": row.file_id,
                "attempt_id": row.id,
                "state": _STATE_BEFORE[AttemptState(row.state)],
                "since": now,
                "next_try_at": now if row.state == AttemptState.TAKEN_BACK else None,
            }
            for row in left
        ]
        connection.execute(OF_FILE, before)


def checkpoint(connection: Connection, owner_id: str, claim: Claim, spans: Sequence[SpanDone]) -> None:
    """Keep spans that have become durable; they take the place of those with the same numbers, and of later ones."""
    if not still_ours(connection, owner_id, [claim.attempt_id]):
        raise WorldError(
            "the attempt was taken over by another process", shown(claim.found or claim.name), "nothing is lost", code="lost"
        )
    if spans:
        first = min(each.index for each in spans)
        connection.execute(delete(span).where(span.c.attempt_id == claim.attempt_id, span.c.index >= first))
        connection.execute(insert(span), [span_row(claim.attempt_id, each) for each in spans])


def still_ours(
    connection: Connection, owner_id: str, attempt_ids: Sequence[int], state: AttemptState = AttemptState.WORKING
) -> dict[int, int]:
    """Give those of the attempts that are ours and in this state, with their files."""
    ours: dict[int, int] = {}
    for some in slices(attempt_ids):
        query = select(attempt.c.id, attempt.c.file_id).where(
            attempt.c.id.in_(some), attempt.c.owner_id == owner_id, attempt.c.state == state
        )
        ours |= {row[0]: row[1] for row in connection.execute(query.with_for_update())}
    return ours


def slices(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut into as many as one statement takes."""
    return (values[begin : begin + SLICE] for begin in range(0, len(values), SLICE))


_STATE_BEFORE = {
    AttemptState.PUBLISHED: FileState.DONE,
    AttemptState.FAILED: FileState.FAILED,
    AttemptState.TAKEN_BACK: FileState.READY,
}


def _begun(connection: Connection, by: By, file_ids: Sequence[int], new: Sequence[dict[str, object]]) -> list[Claim]:
    """Add attempts, and give what is now worked on for each of the files."""
    if new:
        connection.execute(insert(attempt), new)
    last = select(func.max(attempt.c.id)).where(attempt.c.file_id.in_(file_ids)).group_by(attempt.c.file_id)
    attempts = {row.file_id: row for row in connection.execute(select(attempt).where(attempt.c.id.in_(last)))}
    working = [{"of": file_id, "attempt_id": attempts[file_id].id} for file_id in file_ids]
    connection.execute(
        OF_FILE.values(state=FileState.WORKING, since=by.now, wish=None, next_try_at=None, attempt_id=bindparam("attempt_id")),
        working,
    )
    rows = {row.id: row for row in _all(connection, file, file_ids)}
    spans: defaultdict[int, list[Row]] = defaultdict(list)
    has_spans = select(span).where(span.c.attempt_id.in_([row.id for row in attempts.values()])).order_by(span.c.index)
    for row in connection.execute(has_spans):
        spans[row.attempt_id].append(row)
    return [claim_of(rows[file_id], attempts[file_id], spans[attempts[file_id].id]) for file_id in file_ids]


def _resume(connection: Connection, by: By, attempt_ids: Sequence[int]) -> None:
    if attempt_ids:
        values = {"state": AttemptState.WORKING, "owner_id": by.owner_id, "ended_at": None, "code": None, "reason": None}
        connection.execute(update(attempt).where(attempt.c.id.in_(attempt_ids)).values(values))
        connection.execute(delete(node_count).where(node_count.c.attempt_id.in_(attempt_ids)))


def _all(connection: Connection, table: Table, ids: Sequence[int]) -> list[Row]:
    """Give rows by their numbers, in any order."""
    return [row for some in slices(ids) for row in connection.execute(select(table).where(table.c.id.in_(some)))]


def _new_file(new: NewFile, now: float) -> dict[str, object]:
    arrived = new.arrived
    return {
        "origin": new.origin,
        "name": shown(arrived.name),
        "number": new.number,
        "life_name": shown(new.life_name),
        "found": text_of(arrived.path),
        "place": text_of(new.place),
        "size": arrived.size,
        "mtime_ns": bounded(arrived.mtime_ns),
        "state": FileState.WORKING,
        "since": now,
        "noticed_at": arrived.noticed_at,
        "tries": 0,
        "lines": 0,
        "dead": 0,
        "raw_bytes": 0,
        "seconds": 0.0,
    }


def _new_attempt(by: By, file_id: int, number: int, kind: Kind, wish: Wish | None) -> dict[str, object]:
    return {
        "file_id": file_id,
        "number": number,
        "kind": kind,
        "version_id": by.version_id,
        "owner_id": by.owner_id,
        "day": by.day,
        "state": AttemptState.WORKING,
        "wish": wish_text(wish),
        "began_at": by.now,
        "lines": 0,
        "dead": 0,
        "raw_bytes": 0,
        "seconds": 0.0,
        "deletes": False,
    }

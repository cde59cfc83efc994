"""What attempts come to: committed, published, failed. Each function is part of a transaction that writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import Connection, and_, bindparam, case, delete, func, insert, select, update

from linemill.catalog import periods
from linemill.catalog.attempts import OF_ATTEMPT, OF_FILE, still_ours
from linemill.catalog.database import added, insertion, many
from linemill.catalog.encoding import Row, node_rows, output_row, paths_text, plain, redo_of, text_of
from linemill.catalog.records import (
    AttemptState,
    Commit,
    Failed,
    FileState,
    How,
    Kind,
    Redo,
    StagedOutput,
    ToPublish,
)
from linemill.catalog.schema import attempt, dead_letter, file, growing, node_count, output, trace
from linemill.executors.letters import letter_line
from linemill.files import shown
from linemill.pipeline import DEAD_LETTERS


def commit(connection: Connection, owner_id: str, commits: Sequence[Commit], now: float) -> list[Redo]:
    """Write down what attempts have come to, as far as they are still ours; give what is to be published."""
    ours = still_ours(connection, owner_id, [each.claim.attempt_id for each in commits])
    commits = [each for each in commits if each.claim.attempt_id in ours]
    if not commits:
        return []
    _replace(connection, commits)
    outputs = _add_outputs(connection, commits)
    many(connection, OF_ATTEMPT, [_committed_attempt(each, now) for each in commits])
    for redrives, columns in ((False, _committed_file), (True, _redriven_file)):
        rows = [columns(each, now) for each in commits if (each.claim.kind is Kind.REDRIVE) == redrives]
        if rows:
            many(connection, _COMMIT_FILE, rows)
    nodes = [row for each in commits for row in node_rows(each.claim.attempt_id, each.ledger)]
    if nodes:
        many(connection, insertion(node_count), nodes)
    _replace_letters(connection, commits)
    traces = [
        {"attempt_id": each.claim.attempt_id, "file_id": each.claim.file_id, "lines": each.traces}
        for each in commits
        if each.traces
    ]
    if traces:
        many(connection, insertion(trace), traces)
    periods.add(connection, periods.worked(commits), now)
    return [_redo(each, outputs[each.claim.attempt_id]) for each in commits]


def unpublished(connection: Connection, owner_id: str, file_id: int | None = None) -> list[Redo]:
    """Give what is ours and to be published, in the order of the commits."""
    ours = [attempt.c.state == AttemptState.COMMITTED, attempt.c.owner_id == owner_id]
    if file_id is not None:
        ours.append(attempt.c.file_id == file_id)
    attempts = connection.execute(select(attempt).where(*ours).order_by(attempt.c.id)).all()
    of_files = select(file).where(file.c.id.in_(select(attempt.c.file_id).where(*ours)))
    files = {row.id: row for row in connection.execute(of_files)}
    outputs: defaultdict[int, list[Row]] = defaultdict(list)
    of_attempts = select(output).where(output.c.attempt_id.in_(select(attempt.c.id).where(*ours)))
    for row in connection.execute(of_attempts.order_by(output.c.id)):
        outputs[row.attempt_id].append(row)
    redos = [redo_of(files[row.file_id], row, outputs[row.id]) for row in attempts]
    return sorted(redos, key=lambda redo: min((each.output_id for each in redo.outputs), default=0))


def begin_anew(connection: Connection, target: Path) -> None:
    """Count the offsets of what is not published yet from 0 on, since the growing file that was there was moved away."""
    committed = select(attempt.c.id).where(attempt.c.state == AttemptState.COMMITTED)
    # Not asked for by target: all files that ever went into it have that.
    waiting = connection.execute(select(output).where(output.c.attempt_id.in_(committed)).order_by(output.c.id))
    rows = [row for row in waiting if row.target == shown(target) and row.how == How.APPENDED and not row.is_published]
    offset = 0
    for row in rows:
        connection.execute(update(output).where(output.c.id == row.id).values(offset_bytes=offset))
        offset += row.bytes
    values = {"bytes": offset, "lines": sum(row.lines for row in rows)}
    connection.execute(update(growing).where(growing.c.target == shown(target)).values(values))
    if rows:
        # What was published before is in the file that was moved away; its place here is another's now.
        stands = (
            output.c.target == shown(target),
            output.c.replaced_by.is_(None),
            output.c.id.not_in([row.id for row in rows]),
        )
        connection.execute(update(output).where(*stands).values(replaced_by=rows[0].attempt_id))


def publish(connection: Connection, owner_id: str, redos: Sequence[Redo], now: float) -> None:
    """Note that attempts are published and their files done."""
    ours = still_ours(connection, owner_id, [redo.attempt_id for redo in redos], AttemptState.COMMITTED)
    connection.execute(update(output).where(output.c.attempt_id.in_(ours)).values(is_published=True))
    connection.execute(update(attempt).where(attempt.c.id.in_(ours)).values(state=AttemptState.PUBLISHED))
    done = [_published_file(redo, now) for redo in redos if redo.attempt_id in ours]
    if done:
        many(connection, _PUBLISH_FILE, done)
    periods.add(connection, periods.published([redo for redo in redos if redo.attempt_id in ours], now), now)


def fail(connection: Connection, owner_id: str, failed: Sequence[Failed], now: float) -> None:
    """Note that attempts have failed, as far as they are still ours, and when their files are tried again, if they are."""
    ours = still_ours(connection, owner_id, [each.claim.attempt_id for each in failed])
    failed = [each for each in failed if each.claim.attempt_id in ours]
    if not failed:
        return
    connection.execute(OF_ATTEMPT, [_failed_attempt(each, now) for each in failed])
    connection.execute(
        OF_FILE.values(
            tries=file.c.tries + bindparam("counts"),
            since=now,
            state=case((_STANDS, FileState.DONE), else_=bindparam("new_state")),
        ),
        [_failed_file(each) for each in failed],
    )
    nodes = [row for each in failed if each.ledger is not None for row in node_rows(each.claim.attempt_id, each.ledger)]
    if nodes:
        connection.execute(insert(node_count), nodes)
    periods.add(connection, periods.failed(failed), now)


def _replace(connection: Connection, commits: Sequence[Commit]) -> None:
    """Mark outputs of other attempts whose place is taken, or that are removed."""
    gone = [
        {"at": shown(path), "by": each.claim.attempt_id}
        for each in commits
        for path in (*each.obsolete, *(staged.target for staged in each.outputs if staged.how is How.WHOLE))
    ]
    targets = {row["at"] for row in gone}
    there = set(connection.scalars(select(output.c.target).where(output.c.target.in_(targets)).distinct()))
    gone = [row for row in gone if row["at"] in there]
    if gone:
        replaced = (output.c.target == bindparam("at"), output.c.attempt_id != bindparam("by"), output.c.replaced_by.is_(None))
        connection.execute(update(output).where(*replaced).values(replaced_by=bindparam("by")), gone)
        connection.execute(delete(growing).where(growing.c.target.in_(there)))


def _add_outputs(connection: Connection, commits: Sequence[Commit]) -> dict[int, list[ToPublish]]:
    """Add the outputs, each at its place in its target; by attempt."""
    every = [(each.claim.attempt_id, staged) for each in commits for staged in each.outputs]
    offsets = _offsets(connection, [staged for _, staged in every])
    rows = [output_row(attempt_id, staged, offset) for (attempt_id, staged), offset in zip(every, offsets, strict=True)]
    ids = added(connection, output, rows)
    to_publish: dict[int, list[ToPublish]] = {each.claim.attempt_id: [] for each in commits}
    for output_id, (attempt_id, staged), offset in zip(ids, every, offsets, strict=True):
        to_publish[attempt_id].append(ToPublish(output_id, staged, offset, is_published=False))
    return to_publish


_STANDS = and_(bindparam("stands") == 1, file.c.done_at.is_not(None))
"""What was published before a re-drive or a reprocess that failed stands, and so does the file."""


def _offsets(connection: Connection, outputs: Iterable[StagedOutput]) -> list[int]:
    """Give each output its place in its target: 0 if that is its own, else the end; and move that end."""
    outputs = list(outputs)
    targets = {shown(staged.target) for staged in outputs if staged.how is How.APPENDED}
    if not targets:
        return [0] * len(outputs)
    ends = {
        row.target: [row.bytes, row.lines] for row in connection.execute(select(growing).where(growing.c.target.in_(targets)))
    }
    new = targets - ends.keys()
    present = (
        select(output.c.target, func.sum(output.c.bytes).label("bytes"), func.sum(output.c.lines).label("lines"))
        .where(output.c.target.in_(new), output.c.replaced_by.is_(None))
        .group_by(output.c.target)
    )
    ends |= {target: [0, 0] for target in new}
    ends |= {row.target: [int(row.bytes), int(row.lines)] for row in connection.execute(present)}
    offsets = []
    for staged in outputs:
        if staged.how is How.WHOLE:
            offsets.append(0)
            continue
        end = ends[shown(staged.target)]
        offsets.append(end[0])
        end[0] += staged.bytes
        end[1] += staged.lines
    connection.execute(delete(growing).where(growing.c.target.in_(targets)))
    connection.execute(insert(growing), [{"target": target, "bytes": end[0], "lines": end[1]} for target, end in ends.items()])
    return offsets


_COMMIT_FILE = OF_FILE.values(state=FileState.COMMITTED, code=None, reason=None, traceback=None)
_PUBLISH_FILE = OF_FILE.values(state=FileState.DONE)


def _committed_attempt(each: Commit, now: float) -> dict[str, object]:
    return {
        "of": each.claim.attempt_id,
        "state": AttemptState.COMMITTED,
        "ended_at": now,
        "lines": each.ledger.lines,
        "dead": each.ledger.dead,
        "raw_bytes": each.raw_bytes,
        "seconds": each.seconds,
        "moves_to": text_of(each.moves_to),
        "deletes": each.deletes,
        "obsolete": paths_text(each.obsolete),
    }


def _committed_file(each: Commit, now: float) -> dict[str, object]:
    return {
        "of": each.claim.file_id,
        "since": now,
        "lines": each.ledger.lines,
        "dead": each.ledger.dead,
        "raw_bytes": each.raw_bytes,
        "seconds": each.seconds,
    }


def _redriven_file(each: Commit, now: float) -> dict[str, object]:
    """A re-drive reads a few lines of the file again: only its dead letters become others."""
    dead = sum(staged.lines for staged in each.outputs if staged.name == DEAD_LETTERS)
    return {"of": each.claim.file_id, "since": now, "dead": dead}


def _published_file(redo: Redo, now: float) -> dict[str, object]:
    place = None if redo.deletes else text_of(redo.moves_to or redo.place)
    return {"of": redo.file_id, "place": place, "since": now, "done_at": now}


def _failed_attempt(each: Failed, now: float) -> dict[str, object]:
    return {
        "of": each.claim.attempt_id,
        "state": AttemptState.FAILED if each.counts else AttemptState.TAKEN_BACK,
        "ended_at": now,
        "code": each.code,
        "reason": plain(each.reason),
        "lines": each.ledger.lines if each.ledger is not None else 0,
        "dead": each.ledger.dead if each.ledger is not None else 0,
        "raw_bytes": each.raw_bytes,
        "seconds": each.seconds,
    }


def _failed_file(each: Failed) -> dict[str, object]:
    return {
        "of": each.claim.file_id,
        "new_state": FileState.FAILED if each.next_try_at is None else FileState.READY,
        "stands": int(each.next_try_at is None and each.claim.kind in (Kind.REDRIVE, Kind.REPROCESS)),
        "next_try_at": each.next_try_at,
        "counts": int(each.counts),
        "place": text_of(each.moves_to or each.claim.place),
        "code": each.code,
        "reason": plain(each.reason),
        "traceback": plain(each.traceback) or None,
    }


def _replace_letters(connection: Connection, commits: Sequence[Commit]) -> None:
    """Keep the dead letters, in place of those of earlier attempts at the same files."""
    again = [each.claim.file_id for each in commits if each.claim.kind is not Kind.FIRST]
    if again:
        connection.execute(delete(dead_letter).where(dead_letter.c.file_id.in_(again)))
    letters = [
        {
            "attempt_id": each.claim.attempt_id,
            "file_id": each.claim.file_id,
            "number": letter.number,
            "node": letter.node,
            "code": letter.code,
            "letter": letter_line(letter, each.claim.name),
        }
        for each in commits
        for letter in each.letters
    ]
    if letters:
        connection.execute(insert(dead_letter), letters)


def _redo(each: Commit, outputs: Sequence[ToPublish]) -> Redo:
    claim = each.claim
    return Redo(
        file_id=claim.file_id,
        attempt_id=claim.attempt_id,
        kind=claim.kind,
        name=claim.name,
        noticed_at=claim.noticed_at,
        outputs=tuple(outputs),
        place=claim.place,
        moves_to=each.moves_to,
        deletes=each.deletes,
        obsolete=each.obsolete,
    )

"""One file: its life, what came of it, what may be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from linemill.catalog.records import AttemptState, Kind
from linemill.catalog.rows import AttemptRow, EventRow, FileRow, NodeRow, OutputRow
from linemill.files import shown
from linemill.mill.control import hindrance
from linemill.mill.explaining import explained, mill_state
from linemill.web.documents.files import file_item
from linemill.web.documents.letters import letters as said_letters
from linemill.web.documents.texts import said
from linemill.web.documents.traces import traced_lines
from linemill.web.models import AttemptItem, FilePage, NodeCount, OutputItem, TimelineItem
from linemill.web.site import Site

LETTERS = 100
"""Dead letters on a file's page; `/errors?file=` has all."""

ATTEMPTS = 100
"""The newest attempts that are told: somebody may re-drive a file every minute."""

EVENTS = 200
"""The newest events that are told."""

TRACES = 5
"""Attempts whose sampled lines are shown."""

_WISHES: tuple[Literal["retry", "reprocess", "redrive"], ...] = ("retry", "reprocess", "redrive")

_ENDS = {
    AttemptState.COMMITTED: "committed",
    AttemptState.PUBLISHED: "committed",
    AttemptState.FAILED: "failed",
    AttemptState.TAKEN_BACK: "taken back",
}


def file_page(site: Site, row: FileRow) -> FilePage:
    """Say all that is known of a file."""
    mill = mill_state(site.history)
    found = explained(site.history, row, mill)
    attempts = found.attempts[-ATTEMPTS:]
    counts = site.history.node_counts([attempt.id for attempt in attempts])
    page = site.history.letters(file_id=row.id, limit=LETTERS)
    letters = said_letters(page.rows, site.pipeline())
    has_letters = page.after is not None or not all(letter.stays for letter in letters)
    events = site.history.events(file_id=row.id, limit=EVENTS).rows
    return FilePage(
        file=file_item(row, attempts[-1] if attempts else None, mill),
        place=shown(row.place) if row.place is not None else None,
        found=shown(row.found) if row.found is not None else None,
        traceback=said(row.traceback),
        can=tuple(wish for wish in _WISHES if hindrance(Kind(wish), row) is None and (wish != "redrive" or has_letters)),
        timeline=timeline(row, attempts, events),
        attempts=tuple(_attempt(attempt, counts.get(attempt.id, ())) for attempt in attempts),
        outputs=tuple(_output(output) for output in found.outputs),
        letters=letters,
        traces=tuple(traced_lines(site, site.history.traces(file_id=row.id, limit=TRACES).rows)),
    )


def timeline(row: FileRow, attempts: Sequence[AttemptRow], events: Sequence[EventRow]) -> tuple[TimelineItem, ...]:
    """Tell the life of a file in its order."""
    items = [TimelineItem(at=row.noticed_at, what="noticed")]
    for attempt in attempts:
        items.append(TimelineItem(at=attempt.began_at, what="began", detail=f"attempt {attempt.number}, {attempt.kind}"))
        if attempt.ended_at is not None and attempt.state in _ENDS:
            reason = said(attempt.reason or "") + (f" ({attempt.code})" if attempt.code else "")
            items.append(TimelineItem(at=attempt.ended_at, what=_ENDS[attempt.state], detail=reason))
    if row.done_at is not None:
        items.append(TimelineItem(at=row.done_at, what="done"))
    name = shown(row.name)
    for event in reversed(events):
        detail = "" if event.detail == name else said(event.detail)
        items.append(TimelineItem(at=event.at, what=said(event.what), detail=detail, who=said(event.who)))
    return tuple(sorted(items, key=lambda item: item.at))


def _attempt(row: AttemptRow, counts: Sequence[NodeRow]) -> AttemptItem:
    return AttemptItem(
        id=row.id,
        number=row.number,
        kind=row.kind,
        state=row.state,
        version_id=row.version_id,
        began_at=row.began_at,
        ended_at=row.ended_at,
        code=row.code,
        reason=said(row.reason) if row.reason is not None else None,
        lines=row.lines,
        dead=row.dead,
        raw_bytes=row.raw_bytes,
        seconds=row.seconds,
        nodes=tuple(map(_node_count, counts)),
    )


def _node_count(row: NodeRow) -> NodeCount:
    counts = row.counts
    return NodeCount(
        node=said(row.node),
        came=counts.came,
        gave={said(tag): count for tag, count in counts.gave.items()},
        sent={said(target): count for target, count in counts.sent.items()},
        filtered=counts.filtered,
        dead=counts.dead,
        unrouted=counts.unrouted,
        restarts=counts.restarts,
        seconds=counts.seconds,
    )


def _output(row: OutputRow) -> OutputItem:
    return OutputItem(
        id=row.id,
        attempt_id=row.attempt_id,
        name=said(row.name),
        how=row.how,
        target=shown(row.target),
        lines=row.lines,
        bytes=row.bytes,
        is_published=row.is_published,
        href=f"/files/{row.file_id}/outputs/{row.id}",
    )

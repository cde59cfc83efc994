"""Dead letters, one by one and by the heap."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from linemill.catalog.records import FileState
from linemill.catalog.rows import LetterGroup as GroupRow
from linemill.catalog.rows import LetterRow
from linemill.engine import DeadLetter
from linemill.executors.letters import letter_in
from linemill.files import shown
from linemill.mill.explaining import mill_state
from linemill.mill.redriving import Way, ways_of
from linemill.pipeline import Pipeline
from linemill.web.documents.files import file_items
from linemill.web.documents.texts import said, value
from linemill.web.models import ErrorList, Letter, LetterGroup
from linemill.web.site import Site

FAILED = 100
"""Files that failed as a whole that are listed; `/files?state=failed` has all."""


def error_list(
    site: Site, *, node: str | None, code: str | None, file_id: int | None, after: str | None, limit: int
) -> ErrorList:
    """List what went wrong.

    Raises:
        UsageError: The cursor is none of ours.
    """
    page = site.history.letters(file_id=file_id, node=node, code=code, after=after, limit=limit)
    is_first = (node, code, file_id, after) == (None, None, None, None)
    failed = site.history.files(state=FileState.FAILED, limit=FAILED).rows if is_first else ()
    return ErrorList(
        groups=letter_groups(site.history.letters_grouped(), site.pipeline()),
        letters=letters(page.rows, site.pipeline()),
        failed=tuple(file_items(site, failed, mill_state(site.history))),
        after=page.after,
    )


def letters(rows: Iterable[LetterRow], pipeline: Pipeline) -> tuple[Letter, ...]:
    """Say dead letters, and which of them the pipeline cannot take again as it is now."""
    way_of = ways_of(pipeline)
    return tuple(_letter(row, way_of) for row in rows)


def letter_groups(rows: Iterable[GroupRow], pipeline: Pipeline) -> tuple[LetterGroup, ...]:
    """Say all dead letters of some kinds, each with its newest."""
    way_of = ways_of(pipeline)
    return tuple(
        LetterGroup(
            node=said(row.node),
            code=said(row.code),
            count=row.count,
            newest=_letter(row.newest, way_of),
            newest_at=row.newest_at,
        )
        for row in rows
    )


def _letter(row: LetterRow, way_of: Callable[[DeadLetter], Way]) -> Letter:
    fields = row.fields
    text = fields.get("text")
    return Letter(
        id=row.id,
        file_id=row.file_id,
        file=shown(str(fields.get("file", ""))),
        attempt_id=row.attempt_id,
        line=row.number,
        node=said(row.node),
        code=said(row.code),
        error=said(str(fields.get("error", row.code))),
        text=said(text) if isinstance(text, str) else None,
        item=value(fields.get("item")),
        form=fields.get("form"),
        stays=way_of(letter_in(fields)) is Way.STAYS,
        traceback=said(str(fields.get("traceback", ""))),
    )

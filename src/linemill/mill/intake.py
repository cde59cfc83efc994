"""What comes in: looked for in the inbox and among what waits in the catalog, claimed, and handed on."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from linemill.catalog import Catalog
from linemill.catalog.records import Arrived, Claim, FileState, Origin
from linemill.errors import WorldError
from linemill.failpoints import reach
from linemill.files.publishing import undisturbed
from linemill.mill.arrival import Inbox, Seen
from linemill.mill.backlog import NOTE_S, Backlog
from linemill.mill.course import Course
from linemill.mill.holding import Hold
from linemill.mill.taken import Names
from linemill.mill.targets import own_targets_of
from linemill.mill.telling import Logger
from linemill.mill.turns import Works
from linemill.pipeline import After, Pipeline

SCAN_S = 2.0
"""How often the inbox is looked through although nothing woke the mill."""

QUEUED_FILES = 2000
QUEUED_BYTES = 256 * 2**20
"""Files are claimed up to this, and again when half of them are worked: every claim looks through the whole inbox. What is not
claimed stays there, where anybody may still take it away."""


class Intake:
    """Claims what is ready, as long as there is room for it. Used from one thread.

    Args:
        inbox: Where files arrive.
        catalog: Where they are claimed.
        course: Takes them on.
        hold: Whether a trouble lasts, so that one file is to be tried.
        backlog: Told what waits.
        base: The folder that relative paths start from.
        log: Told what was claimed.

    Attributes:
        next_at: When to look through the inbox again.
    """

    def __init__(
        self, inbox: Inbox, catalog: Catalog, course: Course, hold: Hold, backlog: Backlog, base: Path, log: Logger
    ) -> None:
        self._inbox = inbox
        self._catalog = catalog
        self._course = course
        self._hold = hold
        self._backlog = backlog
        self._base = base
        self._log = log
        self._known: dict[str, tuple[int, int]] = {}
        self._is_more = False
        self._count_at = 0.0
        self.next_at = 0.0

    def know_what_stays(self) -> None:
        """Learn which files of the inbox were claimed before, and stay there."""
        self._known = self._catalog.known_in(self._inbox.folder, os.listdir(self._inbox.folder))

    def hurry(self) -> None:
        """Look through the inbox at once."""
        self.next_at = 0.0

    def claim(self, works: Works, now: float, *, may_take: bool) -> bool:
        """Claim what is ready.

        Args:
            works: What is to work on it.
            now: Seconds since 1970.
            may_take: Also files whose time has come again: only when it was just seen that the pipeline is still the same, since
                whoever asks for another try may have changed it a moment before.

        Returns:
            Whether there was room for it, so that the inbox is to be looked through again in time.

        Raises:
            WorldError: The catalog or a folder says no.
        """
        course = self._course
        room = (1 if self._hold.is_trying else QUEUED_FILES) - course.queued_files
        if room <= 0 or course.queued_files > QUEUED_FILES // 2 or course.queued_bytes > QUEUED_BYTES:
            return False
        day = datetime.now(UTC).date().isoformat()
        if may_take:
            again = self._catalog.take(now, room, version_id=works.version_id, day=day, origin=None)
            for claim in again:
                self._log.info("file_taken_again", file=claim.name, attempt=claim.attempt_id, kind=claim.kind)
            course.begin(again, works)
            room -= len(again)
        if room <= 0:
            return False
        if now < self.next_at:
            return True
        seen = self._inbox.scan_on(now, room) if self._is_more else []
        ready = [one for one in seen if one.fate is FileState.READY]
        if len(ready) < room:  # what has come since counts, too
            seen = self._inbox.scan(now, room, known=self._is_known)
            ready = [one for one in seen if one.fate is FileState.READY][:room]
        self.next_at = now + SCAN_S
        self._saw(seen, ready)
        looks = [one.next_look_at for one in seen if one.next_look_at is not None]
        if looks:
            self.next_at = min(self.next_at, max(min(looks), now + 0.02))
        if ready:
            self._claim_ready(ready, works, day, now)
        elif self._hold.is_trying and course.is_idle:
            self._hold.over(now)  # nothing is left to try it with
        self._is_more = len(ready) == room
        if self._is_more:
            self.next_at = now
        return True

    def count(self, now: float) -> None:
        """Look what gathers in the inbox while nothing is claimed."""
        if now >= self._count_at:
            self._count_at = now + NOTE_S
            with suppress(WorldError):  # it may be what the mill waits for
                self._saw(self._inbox.scan(now, 0, known=self._is_known), [])

    def _saw(self, seen: list[Seen], ready: list[Seen]) -> None:
        in_inbox = sum(1 for one in seen if one.fate is not FileState.IGNORED) - len(ready)
        self._backlog.saw(in_inbox, self._course.files + len(ready))

    def _claim_ready(self, ready: list[Seen], works: Works, day: str, now: float) -> None:
        keeps = works.pipeline.watch.after is After.KEEP
        processing = None if keeps else self._base / works.pipeline.watch.processing
        arrived = [Arrived(one.path, one.name, one.size, one.mtime_ns, one.noticed_at) for one in ready]
        names = Names(len(ready))
        claims = self._catalog.claim(
            arrived,
            origin=Origin.INBOX,
            version_id=works.version_id,
            day=day,
            now=now,
            place_in=processing,
            is_taken=lambda name: self._is_taken(name, works.pipeline, day, names),
        )
        reach("claimed")
        ours: list[Claim] = []
        never: list[Claim] = []
        trouble: WorldError | None = None
        with undisturbed():  # once, and not for each of a thousand files
            for one, claim in zip(ready, claims, strict=True):
                assert claim.place is not None
                try:
                    is_ours = trouble is None and (keeps or self._inbox.claim(one, claim.place))
                except WorldError as error:
                    trouble, is_ours = error, False
                (ours if is_ours else never).append(claim)
                if keeps:
                    self._known[one.name] = (one.size, one.mtime_ns)
                reach("moved")
        self._course.begin(ours, works)
        if never:
            self._catalog.forget(never)
        if len(ours) == 1:
            self._log.info("file_claimed", file=ours[0].name, attempt=ours[0].attempt_id)
        elif ours:
            self._log.info("files_claimed", files=len(ours), first=ours[0].name, last=ours[-1].name)
        if trouble is not None:
            raise trouble

    def _is_known(self, name: str, size: int, mtime_ns: int) -> bool:
        return self._known.get(name) == (size, mtime_ns)

    def _is_taken(self, life_name: str, pipeline: Pipeline, day: str, names: Names) -> bool:
        """Tell whether something is where a file of that name would leave its outputs or itself."""
        folders = (self._inbox.processing, self._inbox.processed, self._inbox.failed)
        places = [os.path.join(folder, life_name) for folder in folders]
        return any(map(names.has, (*own_targets_of(pipeline, life_name, self._base, day), *places)))

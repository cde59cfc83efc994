"""The mill: watches the inbox, claims what is ready, works it, keeps going; and stops without leaving anything half done."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from linemill.catalog import Catalog
from linemill.catalog.records import Arrived, Claim, Failed, FileState, Origin
from linemill.catalog.versions import digest_of
from linemill.errors import WorldError
from linemill.executors.contract import Executor
from linemill.failpoints import reach
from linemill.mill import pool as pools
from linemill.mill.arrival import Inbox, Seen
from linemill.mill.backlog import NOTE_S, Backlog
from linemill.mill.control import PAUSED, WAKE
from linemill.mill.course import Course
from linemill.mill.failing import THE_WORLDS
from linemill.mill.folders import STATE_FOLDER
from linemill.mill.holding import Hold
from linemill.mill.job import Place
from linemill.mill.locking import lock
from linemill.mill.pool import SPAN_BYTES, Pool
from linemill.mill.recovery import recover
from linemill.mill.reload import Refused, Reloaded, Reloader
from linemill.mill.report import FileReport, State
from linemill.mill.room import Room
from linemill.mill.standing import Standstill
from linemill.mill.taken import Names
from linemill.mill.targets import own_targets_of
from linemill.mill.telling import Logger, Telling
from linemill.mill.thinning import Thinner
from linemill.mill.tidying import tidy
from linemill.mill.turns import Works
from linemill.mill.wakes import Wakes
from linemill.pipeline import After, Pipeline, Version

SCAN_S = 2.0
"""How often the inbox is looked through although nothing woke the mill."""

LOOK_S = 0.5
"""How often workers, the catalog's wishes and the pipeline file are looked after, at least."""

IDLE_LOOK_S = 1.0
"""The same while nothing is in hand."""

PENDING_LOOK_S = 0.1
"""The same while a change of the pipeline is being tried: what somebody asked for waits for it."""

QUEUED_FILES = 2000
QUEUED_BYTES = 256 * 2**20
"""Files are claimed up to this, and again when half of them are worked: every claim looks through the whole inbox. What is not
claimed stays there, where anybody may still take it away."""

TIDY_S = 60.0
"""How often files that lie in `processing/` for no reason are looked for."""

WORKED = "/worked"
"""Why a worker wakes us; no file has this name."""


class Mill:
    """The running service. Used from one thread; `stop` may be called from anywhere.

    Args:
        pipeline: The checked pipeline.
        pool: Worker processes for it, already under way: what the mill needs itself takes as long to be there.
        log: Told what happens.
        on_started: Called once the mill watches.
    """

    def __init__(
        self, pipeline: Pipeline, pool: Pool, log: Logger, on_started: Callable[[Inbox], None] = lambda inbox: None
    ) -> None:
        self._base = pipeline.folder
        self._log = log
        self._on_started = on_started
        self._stopping = False
        self._pipeline = pipeline
        self._pool = pool
        self._inbox = Inbox(pipeline.watch, self._base)
        self._room = Room(pipeline, self._base)
        self._works: Works
        self._old_works: list[Works] = []
        self._catalog: Catalog
        self._course: Course
        self._wakes: Wakes
        self._known: dict[str, tuple[int, int]] = {}
        self._is_paused = False
        self._is_claiming = False
        self._is_more = False
        self._scan_at = 0.0
        self._look_at = 0.0
        self._thinner: Thinner
        self._telling = Telling(log)
        self._tidy_at = 0.0
        self._hold: Hold
        self._standstill: Standstill
        self._take_at = 0.0
        self._backlog: Backlog
        self._count_at = 0.0

    @property
    def pipeline(self) -> Pipeline:
        """As it is used now. May be asked from any thread."""
        return self._pipeline

    def stop(self) -> None:
        """Let the mill stop: what is in hand is finished or put back within `stop_timeout`. Safe in a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Work until `stop`.

        Raises:
            UsageError: Another mill is alive on the same inbox; says which process it is.
            WorldError: The catalog or the folders cannot be used.
        """
        self._inbox.make()
        with lock(self._inbox.folder), Catalog.open(self._base / STATE_FOLDER, "watch") as catalog:
            self._catalog = catalog
            version = self._pool.version
            self._reloader = Reloader(self._pipeline, version, LOOK_S)
            self._wakes = Wakes([self._inbox.folder, self._base / STATE_FOLDER / WAKE])
            try:
                self._start(version)
                try:
                    self._on_started(self._inbox)
                    while not self._stopping:
                        self._try_step()
                    self._finish()
                finally:
                    for works in [*self._old_works, self._works]:
                        works.executor.close()
            finally:
                self._reloader.close()
                self._wakes.close()

    def _start(self, version: Version) -> None:
        now = time.time()
        self._hold = Hold(self._catalog, self._log, now)
        self._thinner = Thinner(self._catalog, self._log)
        self._backlog = Backlog(self._catalog)
        self._course = Course(
            self._catalog,
            on_done=lambda: self._wakes.wake(WORKED),
            on_report=self._note_report,
            on_failed=self._note_failed,
        )
        self._standstill = Standstill(self._catalog, self._course.file_of, now)
        recovered = recover(self._catalog, now)
        self._course.redo(recovered.redos)
        tidied = tidy(self._catalog, self._inbox, now)
        for claim in recovered.taken_back:
            if claim.found is not None:
                self._inbox.remove_marker(claim.found)
            self._log.warning("file_taken_back", file=claim.name, attempt=claim.attempt_id)
        self._log.info(
            "mill_started",
            inbox=str(self._inbox.folder),
            pipeline=self._pipeline.name,
            version=digest_of(version.text, version.sources)[:12],
            published=len(recovered.redos),
            taken_back=len(recovered.taken_back),
            removed=recovered.removed,
            tidied=tidied,
        )
        if self._pipeline.watch.after is After.KEEP:
            self._known = self._catalog.known_in(self._inbox.folder, os.listdir(self._inbox.folder))
        self._works = self._equipped(self._pipeline, version, self._pool.workers, now)

    def _equipped(self, pipeline: Pipeline, version: Version, workers: Executor | None, now: float) -> Works:
        version_id = self._catalog.version(version.text, version.sources, now)
        place = Place(self._base, self._catalog.tag, SPAN_BYTES if pipeline.is_splittable else None, {})
        if workers is None:  # last: whoever has them must close them
            workers = pools.local_workers(pipeline, version.digest, pools.size_of(pipeline))
        return Works(pipeline, version_id, workers, place)

    def _try_step(self) -> None:
        """Do a step; where the catalog or a folder says no for now, wait and try again."""
        try:
            self._step()
        except WorldError as error:
            self._log.error("mill_held_up", code=error.code, reason=str(error))
            with suppress(WorldError):  # the catalog itself may be what cannot be written
                self._hold.trouble(str(error), time.time())
            self._wakes.wait(max(LOOK_S, self._hold.until - time.time()))

    def _step(self) -> None:
        now = time.time()
        if now >= self._look_at:
            self._look(now)
        may_claim = self._may_claim(now)
        self._is_claiming = may_claim and self._claim(now)
        if not may_claim:
            self._count(now)
        self._course.hand_out()
        self._settle()
        trouble = self._course.publisher.trouble
        if trouble is not None:
            self._hold.trouble(str(trouble), time.time(), self._course.publisher.next_at)
        self._retire()
        reasons = self._wakes.wait(self._wait_s(time.time()))
        if reasons - {WORKED}:
            self._scan_at = self._take_at = 0.0
            if WAKE in reasons:
                self._look_at = 0.0
                self._reloader.hurry()  # who asks for something may just have changed what it is to be done with

    def _settle(self) -> None:
        try:
            self._course.settle(time.time())
        finally:
            self._telling.tell()

    def _wait_s(self, now: float) -> float:
        """Tell how long nothing is to be done unless something wakes us, in seconds."""
        if self._stopping:
            return 0.0
        times = [self._look_at]
        if self._is_claiming:
            times.append(self._scan_at)
        elif self._hold.until > now:
            times.append(self._hold.until)
        if self._course.publisher.has_work:
            times.append(self._course.publisher.next_at)
        return max(0.0, min(times) - now)

    def _look(self, now: float) -> None:
        """Look after what nobody tells us of."""
        self._look_at = now + (IDLE_LOOK_S if self._course.is_idle else LOOK_S)
        self._standstill.look([*self._old_works, self._works], now)
        is_paused = self._catalog.control(PAUSED) is not None
        if is_paused != self._is_paused:
            self._is_paused = is_paused
            self._scan_at = 0.0
            self._log.info("mill_paused" if is_paused else "mill_resumed")
        self._take_at = 0.0
        self._backlog.tell(self._course.files, now)
        self._reload(now)
        if self._reloader.is_pending:
            self._look_at = now + PENDING_LOOK_S
        if now >= self._tidy_at:
            self._tidy_at = now + TIDY_S
            tidy(self._catalog, self._inbox, now)
        self._thinner.look(now, self._pipeline.history, self._inbox.folder)

    def _may_claim(self, now: float) -> bool:
        return not self._is_paused and self._hold.may_claim(self._room.lack(now), now)

    def _claim(self, now: float) -> bool:
        """Claim what is ready; tell whether there was room for it, so that the inbox is to be looked through again in time."""
        course, works = self._course, self._works
        room = (1 if self._hold.is_trying else QUEUED_FILES) - course.queued_files
        if room <= 0 or course.queued_files > QUEUED_FILES // 2 or course.queued_bytes > QUEUED_BYTES:
            return False
        day = datetime.now(UTC).date().isoformat()
        if now >= self._take_at and not self._reloader.is_pending:
            self._take_at = now + LOOK_S
            again = self._catalog.take(now, room, version_id=works.version_id, day=day, origin=None)
            for claim in again:
                self._log.info("file_taken_again", file=claim.name, attempt=claim.attempt_id, kind=claim.kind)
            course.begin(again, works)
            room -= len(again)
        if room <= 0:
            return False
        if now < self._scan_at:
            return True
        seen = self._inbox.scan_on(now, room) if self._is_more else []
        ready = [one for one in seen if one.fate is FileState.READY]
        if len(ready) < room:  # what has come since counts, too
            seen = self._inbox.scan(now, room, known=self._is_known)
            ready = [one for one in seen if one.fate is FileState.READY][:room]
        self._scan_at = now + SCAN_S
        self._saw(seen, ready)
        looks = [one.next_look_at for one in seen if one.next_look_at is not None]
        if looks:
            self._scan_at = min(self._scan_at, max(min(looks), now + 0.02))
        if ready:
            self._claim_ready(ready, works, day, now)
        elif self._hold.is_trying and course.is_idle:
            self._hold.over(now)  # nothing is left to try it with
        self._is_more = len(ready) == room
        if self._is_more:
            self._scan_at = now
        return True

    def _count(self, now: float) -> None:
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

    def _reload(self, now: float) -> None:
        news = self._reloader.look(now)
        if isinstance(news, Refused):
            self._catalog.set_control("refused", {"reason": news.reason, "since": now}, now)
            self._catalog.event("mill", "pipeline_refused", news.reason, now)
            self._log.error("pipeline_refused", reason=news.reason)
        elif isinstance(news, Reloaded):
            self._catalog.set_control("refused", None, now)
            digest = digest_of(news.version.text, news.version.sources)
            self._catalog.event("mill", "pipeline_reloaded", digest, now)
            self._old_works.append(self._works)
            self._pipeline = news.pipeline
            self._works = self._equipped(news.pipeline, news.version, None, now)
            self._room = Room(news.pipeline, self._base)
            self._inbox.follow(news.pipeline.watch)
            self._log.info("pipeline_reloaded", version=digest[:12])

    def _retire(self) -> None:
        """Let go of the workers of earlier versions that have nothing left to do."""
        for works in self._old_works[:]:
            if not self._course.uses(works):
                works.executor.close()
                self._old_works.remove(works)

    def _finish(self) -> None:
        """Finish what is in hand, or put it back."""
        self._log.info("mill_stopping", in_hand=self._course.files)
        until = time.monotonic() + self._pipeline.watch.stop_timeout_s
        self._course.stop_beginning()
        while self._course.has_running and time.monotonic() < until:
            self._standstill.look([*self._old_works, self._works], time.time())
            self._settle()
            self._wakes.wait(min(LOOK_S, max(0.0, until - time.monotonic())))
        self._settle()
        self._course.save(wait=True)
        # What they had in hand is not taken any more: it would count as failed, and what is saved of it would be lost.
        for works in [*self._old_works, self._works]:
            works.executor.close()
        self._standstill.look([], time.time())
        put_back = self._course.claims()
        self._course.give_up(time.time(), put_back=True)
        self._log.info("mill_stopped", put_back=len(put_back))

    def _note_report(self, claim: Claim, report: FileReport) -> None:
        self._telling.report(claim, report)
        if report.state is State.DONE and self._hold.is_trying and self._course.publisher.trouble is None:
            self._hold.over(time.time())

    def _note_failed(self, failed: Failed) -> None:
        self._telling.failed(failed)
        if failed.code in THE_WORLDS:
            self._hold.trouble(failed.reason, time.time())

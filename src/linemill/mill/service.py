"""The mill: watches the inbox, claims what is ready, works it, keeps going; and stops without leaving anything half done."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from linemill.catalog import Catalog
from linemill.catalog.records import Claim, Failed
from linemill.catalog.versions import digest_of
from linemill.errors import WorldError
from linemill.executors.contract import Executor
from linemill.mill import pool as pools
from linemill.mill.arrival import Inbox
from linemill.mill.backlog import Backlog
from linemill.mill.control import PAUSED, WAKE
from linemill.mill.course import Course
from linemill.mill.failing import THE_WORLDS
from linemill.mill.folders import STATE_FOLDER
from linemill.mill.holding import Hold
from linemill.mill.intake import Intake
from linemill.mill.job import Place
from linemill.mill.locking import lock
from linemill.mill.pool import SPAN_BYTES, Pool
from linemill.mill.recovery import recover
from linemill.mill.reload import Refused, Reloaded, Reloader
from linemill.mill.report import FileReport, State
from linemill.mill.room import Room
from linemill.mill.standing import Standstill
from linemill.mill.telling import Logger, Telling
from linemill.mill.thinning import Thinner
from linemill.mill.tidying import tidy
from linemill.mill.turns import Works
from linemill.mill.wakes import Wakes
from linemill.pipeline import After, Pipeline, Version

LOOK_S = 0.5
"""How often workers, the catalog's wishes and the pipeline file are looked after, at least."""

IDLE_LOOK_S = 1.0
"""The same while nothing is in hand."""

PENDING_LOOK_S = 0.1
"""The same while a change of the pipeline is being tried: what somebody asked for waits for it."""

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
        self._intake: Intake
        self._is_paused = False
        self._is_claiming = False
        self._look_at = 0.0
        self._thinner: Thinner
        self._telling = Telling(log)
        self._tidy_at = 0.0
        self._hold: Hold
        self._standstill: Standstill
        self._backlog: Backlog

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
        self._intake = Intake(self._inbox, self._catalog, self._course, self._hold, self._backlog, self._base, self._log)
        if self._pipeline.watch.after is After.KEEP:
            self._intake.know_what_stays()
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
        looks = now >= self._look_at
        if looks:
            self._look(now)
        may_claim = self._may_claim(now)
        self._is_claiming = may_claim and self._intake.claim(self._works, now, may_take=looks and not self._reloader.is_pending)
        if not may_claim:
            self._intake.count(now)
        self._course.hand_out()
        self._settle()
        trouble = self._course.publisher.trouble
        if trouble is not None:
            self._hold.trouble(str(trouble), time.time(), self._course.publisher.next_at)
        self._retire()
        reasons = self._wakes.wait(self._wait_s(time.time()))
        if reasons - {WORKED}:
            self._intake.hurry()
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
            times.append(self._intake.next_at)
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
            self._intake.hurry()
            self._log.info("mill_paused" if is_paused else "mill_resumed")
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

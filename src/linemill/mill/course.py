"""Claims on their way: handed to the workers, small ones together, committed together, published."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

from linemill.catalog import Catalog
from linemill.catalog.records import Claim, Commit, Failed, Origin, Redo
from linemill.errors import InvariantBroken, LinemillError
from linemill.executors.task import Task, Worked
from linemill.failpoints import reach
from linemill.files.hidden import Folders
from linemill.files.publishing import check_target, move_input
from linemill.mill.failing import failed
from linemill.mill.job import SAMPLES, Job
from linemill.mill.publishing import Publisher
from linemill.mill.report import FileReport, report_of, report_of_failed
from linemill.mill.turns import InHand, Turns, Works

FEW_CLAIMS = 100
"""Of more files that come at once, only the first lines are traced: three of a hundred lines made a file take a third longer."""

CHECKPOINT_S = 1.0
"""How often the durable spans of a large file are told to the catalog, and all others stored."""


class Course:
    """Takes claims to their end. Used from one thread.

    Args:
        catalog: Where attempts are committed.
        on_done: Called from any thread when a worker is done with something.
        on_report: Told what became of each file, when it is done or has failed for good.
        on_failed: Told of every attempt that failed.
        on_undone: Told of every file whose commit was taken back: it is ready again.
        in_order: Commit in the order of the claims, so that growing outputs get their lines in it.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        on_done: Callable[[], None],
        on_report: Callable[[Claim, FileReport], None],
        on_failed: Callable[[Failed], None] = lambda failed: None,
        on_undone: Callable[[int], None] = lambda file_id: None,
        in_order: bool = False,
    ) -> None:
        self._catalog = catalog
        self._folders = Folders()
        self._staging: set[str] = set()
        self.publisher = Publisher(catalog, self._folders)
        self._on_done = on_done
        self._on_report = on_report
        self._on_failed = on_failed
        self._on_undone = on_undone
        self._in_order = in_order
        self._turns = Turns(self._free, self._stage, self._given_out)
        self._running: dict[Future[list[Worked | LinemillError]], list[tuple[InHand, Task]]] = {}
        self._in_hand: dict[int, InHand] = {}
        self._over: list[InHand] = []
        self._committed: dict[int, Commit] = {}
        self._done_bytes = 0
        self._saved_s = time.monotonic()
        self._held_by: set[int] = set()  # in order: files that are tried again, and that all later ones wait for

    @property
    def files(self) -> int:
        """How many files are in hand, committed and unpublished ones included."""
        return len(self._in_hand) + len(self._committed)

    @property
    def queued_files(self) -> int:
        """How many files no worker has been given yet."""
        return len(self._turns)

    @property
    def queued_bytes(self) -> int:
        """How many bytes these have."""
        return self._turns.bytes

    @property
    def done_bytes(self) -> int:
        """Raw bytes read by tasks that have ended."""
        return self._done_bytes

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in hand."""
        return not self._in_hand and not self.publisher.has_work

    @property
    def has_running(self) -> bool:
        """Whether any worker has something in hand, or something that is worked is not committed."""
        return bool(self._running) or bool(self._over)

    def uses(self, works: Works) -> bool:
        """Tell whether a version of the pipeline has files in hand."""
        return any(one.works is works for one in self._in_hand.values())

    def file_of(self, task: Task) -> int | None:
        """Tell the file that a task belongs to; None if the task has ended."""
        for group in self._running.values():
            for one, other in group:
                if other is task:
                    return one.job.claim.file_id
        return None

    def stop_beginning(self) -> None:
        """Give out no more tasks; files that no worker has are left for `give_up`."""
        self._turns.clear()

    def claims(self) -> list[Claim]:
        """Give the claims in hand that are not committed."""
        return [one.job.claim for one in self._in_hand.values()]

    def begin(self, claims: Sequence[Claim], works: Works) -> None:
        """Take claims on."""
        samples = SAMPLES if len(claims) <= FEW_CLAIMS else SAMPLES[:1]
        for claim in claims:
            job = Job(claim, works.pipeline, works.place, samples)
            one = InHand(job, works, job.tasks())
            if claim.file_id in self._held_by:
                self._held_by.discard(claim.file_id)
                self._in_hand = {claim.attempt_id: one, **self._in_hand}
            else:
                self._in_hand[claim.attempt_id] = one
            self._turns.add(one)

    def hand_out(self) -> None:
        """Give the executors all that they can use."""
        self._folders.look_again()
        while (following := self._turns.next()) is not None:
            works, group = following
            if group:
                self._submit(works, group)
            if any(future.done() for future in self._running):
                return  # what is done is taken first: it may have failed a file that is still being given out

    def settle(self, now: float) -> None:
        """Take what is done: commit it, publish it, tell it; save how far the others are."""
        for future in [future for future in self._running if future.done()]:
            self._take(future)
        self._end(now)
        if time.monotonic() - self._saved_s > CHECKPOINT_S:
            self.save()

    def redo(self, redos: Sequence[Redo]) -> None:
        """Take on what another process had committed and not published."""
        self.publisher.add(redos)

    def give_up(self, now: float, *, put_back: bool) -> None:
        """Let go of all that is not committed: put back to be tried again, or failed as interrupted.

        The workers must have ended before.
        """
        claims = self.claims()
        for one in self._in_hand.values():
            if not (put_back and one.job.is_saved):
                one.job.discard()
        if put_back:
            self._catalog.set_back(claims, now)
        else:
            words = "the run was stopped before the file was done"
            self._catalog.fail([Failed(claim, "interrupted", words, "", None, counts=False) for claim in claims], now)
        self._in_hand.clear()
        self._turns.clear()
        self._running.clear()

    def _free(self, works: Works) -> int:
        """Tell how many groups an executor can be given."""
        mine = sum(1 for group in self._running.values() if group[0][0].works.executor is works.executor)
        return works.executor.capacity - mine

    def _stage(self, one: InHand) -> bool:
        """Make the folders that a file's outputs are staged in, known to the catalog before the first file is in them.

        Returns:
            Whether it may be worked; else it has failed.
        """
        one.is_staged = True
        try:
            folders = one.job.folders()
            if not folders <= self._staging:
                self._catalog.stages_in({Path(folder) for folder in folders - self._staging})
                self._staging |= folders
            for folder in folders:
                self._folders.make(folder)
            for target in one.job.whole_targets():
                check_target(target)
            for target in one.job.growing_targets():
                check_target(target, is_growing=True)
        except LinemillError as error:
            one.job.fail(error)
            self._given_out(one)
            return False
        return True

    def _given_out(self, one: InHand) -> None:
        one.is_given_out = True
        if not one.running:
            self._over.append(one)

    def _submit(self, works: Works, group: list[tuple[InHand, Task]]) -> None:
        reach("submitted")
        future = works.executor.submit([task for _, task in group])
        self._running[future] = group
        future.add_done_callback(lambda future: self._on_done())

    def _take(self, future: Future[list[Worked | LinemillError]]) -> None:
        group = self._running.pop(future)
        for (one, task), worked in zip(group, _outcome(future, len(group)), strict=True):
            one.running -= 1
            if not isinstance(worked, LinemillError):
                self._done_bytes += worked.raw_bytes
            one.job.take(task, worked)
            if one.is_given_out and not one.running:
                self._over.append(one)

    def _end(self, now: float) -> None:
        ended = self._ended()
        if ended:
            reach("worked")
        commits: list[Commit] = []
        fails: list[Failed] = []
        for index, one in enumerate(ended):
            one.outcome = outcome = one.outcome or one.job.commit()
            if isinstance(outcome, Commit):
                commits.append(outcome)
                continue
            fails.append(self._failed(one, outcome, now))
            if self._in_order and fails[-1].next_try_at is not None:
                self._held_by.add(one.job.claim.file_id)
                self._over += ended[index + 1 :]
                del ended[index + 1 :]
                break
        try:
            if commits:
                self._commit(commits, now)
            if fails:
                self._fail(fails, now)
        except LinemillError:  # the catalog cannot be written: what has not been told to it is told again
            self._over = [one for one in ended if one.job.claim.attempt_id in self._in_hand] + self._over
            raise
        self._publish(now)

    def _publish(self, now: float) -> None:
        for undone in self.publisher.undone:
            self._committed.pop(undone.attempt_id, None)
            self._on_undone(undone.file_id)
        self.publisher.undone.clear()
        for redo in self.publisher.work(now):
            told = self._committed.pop(redo.attempt_id, None)
            if told is not None:
                self._on_report(told.claim, report_of(told, redo))

    def _ended(self) -> list[InHand]:
        """Give the files that have come to their end, in the order in which they may be committed."""
        if not self._in_order:
            ended, self._over = self._over, []
            return ended
        over = {id(one) for one in self._over}
        ended = []
        for one in self._in_hand.values():
            if self._held_by or id(one) not in over:
                break
            ended.append(one)
        taken = {id(one) for one in ended}
        self._over = [one for one in self._over if id(one) not in taken]
        return ended

    def _commit(self, commits: list[Commit], now: float) -> None:
        redos = self._catalog.commit(commits, now)
        reach("committed")
        still_ours = {redo.attempt_id for redo in redos}
        for commit in commits:
            if commit.claim.attempt_id in still_ours:
                self._committed[commit.claim.attempt_id] = commit
            else:
                self._in_hand[commit.claim.attempt_id].job.discard()
            del self._in_hand[commit.claim.attempt_id]
        self.publisher.add(redos)

    def _failed(self, one: InHand, error: LinemillError, now: float) -> Failed:
        job = one.job
        return failed(
            job.claim,
            error,
            one.works.pipeline,
            one.works.place.base,
            now,
            ledger=job.ledger,
            raw_bytes=job.raw_bytes,
            seconds=job.seconds,
        )

    def _fail(self, fails: list[Failed], now: float) -> None:
        self._catalog.fail(fails, now)
        reach("failed")
        for each in fails:
            self._in_hand.pop(each.claim.attempt_id).job.discard()
            self._put_away(each, now)
            self._on_failed(each)
            if each.next_try_at is None:
                self._on_report(each.claim, report_of_failed(each))

    def _put_away(self, failed: Failed, now: float) -> None:
        """Move the input of a file that has failed for good. Where that cannot be, it stays, and is tidied up later."""
        if failed.moves_to is None or failed.claim.place is None or failed.claim.place == failed.moves_to:
            return
        self._folders.look_again()
        try:
            self._folders.make(os.path.dirname(failed.moves_to))
            move_input(failed.claim.place, failed.moves_to)
        except LinemillError as error:
            self._catalog.event("mill", "not_put_away", str(error), now, failed.claim.file_id)

    def save(self, *, wait: bool = False) -> None:
        """Tell the catalog how far large files are, so that a crash repeats little of them.

        Args:
            wait: Until all that is put together is durable, too.
        """
        self._saved_s = time.monotonic()
        for one in self._in_hand.values():
            if one.job.claim.origin is not Origin.INBOX:
                continue
            try:
                spans = one.job.durable(wait=wait)
                if spans:
                    self._catalog.checkpoint(one.job.claim, spans)
                    reach("saved")
            except LinemillError as error:
                one.job.fail(error)


def _outcome(future: Future[list[Worked | LinemillError]], count: int) -> list[Worked | LinemillError]:
    """Take what came of a group. Where linemill itself broke over it, its files fail with that, and all others go on."""
    error = future.exception()
    if error is None:
        return future.result()
    broken = InvariantBroken(f"linemill itself broke: {type(error).__name__}: {error}", hint="please report it")
    broken.traceback = "".join(traceback.format_exception(error))
    return [broken] * count

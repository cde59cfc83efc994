import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from linemill.catalog.history import History
from linemill.catalog.records import FileState, Origin
from linemill.errors import WorldError
from linemill.executors.inline import InlineExecutor
from linemill.mill import course as course_module
from linemill.mill import turns
from linemill.mill.report import State
from linemill.mill.turns import GROUP_FILES

NOW = 1_000.0
DAY = "2025-03-01"

GROWING = """\
nodes:
  keep: {use: "steps:keep", to: [all, grown]}
outputs:
  all: out/{name}
  grown: grown/all.log
"""


class Elsewhere:
    """Workers somewhere else: what is submitted is done when the test says so, and as it says."""

    def __init__(self, pipeline: Any, capacity: int = 2) -> None:
        self.capacity = capacity
        self.groups: list[tuple[list[str], Sequence[Any], Future[Any]]] = []
        self._inline = InlineExecutor(pipeline, lambda: None)

    def submit(self, tasks: Sequence[Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self.groups.append(([task.name for task in tasks], tasks, future))
        return future

    def work(self, index: int, *errors: WorldError | None) -> None:
        """Do a group; some of its tasks come to an error."""
        _, tasks, future = self.groups[index]
        worked = self._inline.submit(tasks).result()
        told = [error or one for error, one in zip([*errors, *[None] * len(tasks)], worked, strict=False)]
        future.set_result(told)

    def reached(self) -> int:
        return 0

    def look(self) -> None: ...

    def close(self, timeout_s: float = 0) -> None: ...

    @property
    def names(self) -> list[list[str]]:
        return [names for names, _, _ in self.groups]


def _files(count: int, data: bytes = b"a\n") -> dict[str, bytes]:
    return {f"{number:03}": data for number in range(count)}


class TestGroups:
    def test_small_files_are_worked_together_an_even_share_for_each_worker(self, yard, make_pipeline, make_story):
        pipeline = make_pipeline()
        workers = Elsewhere(pipeline)
        story = make_story()
        story.course.begin(yard.given(pipeline, **_files(7)), yard.works(pipeline, executor=workers))
        story.course.hand_out()
        assert [len(names) for names in workers.names] == [4, 3]
        assert story.course.queued_files == 0

    def test_it_is_known_whose_task_a_worker_has_until_the_task_has_ended(self, yard, make_pipeline, make_story):
        pipeline = make_pipeline()
        workers = Elsewhere(pipeline, capacity=1)
        story = make_story()
        claims = yard.given(pipeline, **_files(2))
        story.course.begin(claims, yard.works(pipeline, executor=workers))
        story.course.hand_out()
        _, tasks, _ = workers.groups[0]
        assert [story.course.file_of(task) for task in tasks] == [claim.file_id for claim in claims]
        workers.work(0)
        story.course.settle(NOW)
        assert [story.course.file_of(task) for task in tasks] == [None, None]

    def test_no_group_is_larger_than_one_transaction_should_be(self, yard, make_pipeline, make_story, monkeypatch):
        monkeypatch.setattr(turns, "GROUP_BYTES", 3000)
        pipeline = make_pipeline()
        workers = Elsewhere(pipeline, capacity=1)
        story = make_story()
        works = yard.works(pipeline, executor=workers)
        story.course.begin(yard.given(pipeline, **_files(GROUP_FILES + 9)), works)
        story.course.hand_out()
        story.course.begin(yard.given(pipeline, **_files(9, b"a" * 1000)), works)
        assert [len(names) for names in workers.names] == [GROUP_FILES]
        workers.work(0)
        story.run()
        assert story.course.queued_bytes == 6000

    def test_small_and_large_files_come_in_turn(self, yard, make_pipeline, make_story, monkeypatch):
        monkeypatch.setattr(turns, "SMALL_BYTES", 10)
        pipeline = make_pipeline()
        workers = Elsewhere(pipeline, capacity=3)
        story = make_story()
        files = {"small": b"a\n", "large": b"a line\n" * 9, "huge": b"a line\n" * 99}
        story.course.begin(yard.given(pipeline, **files), yard.works(pipeline, executor=workers))
        story.course.hand_out()
        assert workers.names == [["small"], ["large"], ["huge"]]


def test_files_are_committed_published_and_told(yard, make_pipeline, make_story):
    pipeline = make_pipeline()
    story = make_story()
    story.course.begin(yard.arrived(pipeline, a=b"a\n", b=b"b\n"), yard.works(pipeline))
    story.run()
    assert story.told == [("a", "done"), ("b", "done")]
    assert yard.left() == ["out/a", "out/b", "processed/a", "processed/b"]
    assert (story.course.is_idle, story.course.files, story.course.done_bytes) == (True, 0, 4)
    assert yard.base / "out" in yard.catalog.staging_folders()


def test_a_file_that_fails_leaves_nothing_and_the_others_go_on(yard, make_pipeline, make_story):
    pipeline = make_pipeline()
    story = make_story()
    story.course.begin(yard.arrived(pipeline, a=b"a\n", b=b"\x1f\x8b\x08 no"), yard.works(pipeline))
    story.run()
    assert sorted(story.told) == [("a", "done"), ("b", "failed")]
    assert yard.left() == ["failed/b", "out/a", "processed/a"]


def test_a_target_that_cannot_be_is_found_before_any_work(yard, make_pipeline, make_story):
    pipeline = make_pipeline()
    workers = Elsewhere(pipeline)
    (yard.base / "out/a").mkdir(parents=True)
    story = make_story()
    story.course.begin(yard.given(pipeline, a=b"a\n"), yard.works(pipeline, executor=workers))
    story.run()
    assert workers.groups == []
    assert (story.told, story.reports[0].failure.code) == ([("a", "failed")], "target")


def test_a_folder_that_somebody_removed_is_made_again(yard, make_pipeline, make_story):
    pipeline = make_pipeline()
    story = make_story()
    for name in "ab":
        story.course.begin(yard.given(pipeline, **{name: b"a\n"}), yard.works(pipeline))
        story.run()
        (yard.base / "out" / name).unlink()
        (yard.base / "out").rmdir()
    assert story.told == [("a", "done"), ("b", "done")]


def test_a_task_that_lost_its_worker_is_tried_again_and_told_once(yard, make_pipeline, make_story):
    pipeline = make_pipeline()
    workers = Elsewhere(pipeline, capacity=1)
    story = make_story()
    works = yard.works(pipeline, executor=workers)
    claims = yard.given(pipeline, a=b"a\n", b=b"b\n")
    story.course.begin(claims, works)
    story.course.hand_out()
    workers.work(0, WorldError("died", code="worker_died"), WorldError("not done", code="undone"))
    story.run()
    assert (story.told, [failed.next_try_at for failed in story.failed]) == ([], [NOW, NOW])
    again = yard.catalog.take(NOW, 9, version_id=works.version_id, day=DAY)
    assert [(claim.name, claim.tries) for claim in again] == [("a", 1), ("b", 0)]
    story.course.begin(again, works)
    story.course.hand_out()
    workers.work(1, WorldError("died again", code="worker_died"))
    story.run()
    assert sorted(story.told) == [("a", "failed"), ("b", "done")]
    assert yard.left() == ["a", "b", "out/b"]


class TestOrder:
    @pytest.fixture
    def begun(self, yard, make_pipeline, make_story):
        """Three files, each with a worker of its own, whose lines go into one output."""
        pipeline = make_pipeline(text=GROWING)
        workers = Elsewhere(pipeline, capacity=3)
        story = make_story(in_order=True)
        works = yard.works(pipeline, executor=workers)
        story.course.begin(yard.given(pipeline, a=b"a\n", b=b"b\n", c=b"c\n"), works)
        story.course.hand_out()
        assert workers.names == [["a"], ["b"], ["c"]]
        return story, workers, works

    def test_lines_are_added_in_the_order_of_the_claims_whichever_ends_first(self, begun, yard):
        story, workers, _ = begun
        for index in (2, 1):
            workers.work(index)
            story.run()
        assert story.told == []
        workers.work(0)
        story.run()
        assert story.told == [("a", "done"), ("b", "done"), ("c", "done")]
        assert (yard.base / "grown/all.log").read_bytes() == b"a\nb\nc\n"

    def test_later_files_wait_for_one_that_is_tried_again(self, begun, yard):
        story, workers, works = begun
        workers.work(0, WorldError("died", code="worker_died"))
        workers.work(1)
        workers.work(2)
        story.run()
        assert story.told == []
        story.course.begin(yard.catalog.take(NOW, 9, version_id=works.version_id, day=DAY), works)
        story.course.hand_out()
        workers.work(3)
        story.run()
        assert story.told == [("a", "done"), ("b", "done"), ("c", "done")]
        assert (yard.base / "grown/all.log").read_bytes() == b"a\nb\nc\n"

    def test_a_file_that_has_failed_for_good_holds_up_nobody(self, begun, yard):
        story, workers, _ = begun
        workers.work(0, WorldError("the disk is full", code="disk_full"))
        workers.work(1)
        workers.work(2)
        story.run()
        assert sorted(story.told) == [("a", "failed"), ("b", "done"), ("c", "done")]
        assert (yard.base / "grown/all.log").read_bytes() == b"b\nc\n"


class TestGivingUp:
    @pytest.fixture
    def interrupted(self, yard, make_pipeline, make_story):
        pipeline = make_pipeline()
        workers = Elsewhere(pipeline, capacity=1)
        story = make_story()
        story.course.begin(yard.arrived(pipeline, a=b"a\n"), yard.works(pipeline, executor=workers))
        story.course.hand_out()
        (yard.base / "out" / next(iter(workers.groups[0][1])).outputs["all"].name).write_bytes(b"half")
        return story

    def test_what_is_put_back_is_ready_again_and_counts_as_no_try(self, interrupted, yard, make_pipeline):
        interrupted.course.give_up(NOW, put_back=True)
        assert (interrupted.course.claims(), yard.left()) == ([], ["processing/a"])
        assert yard.catalog.whose(yard.base / "processing/a")[0] is FileState.READY
        (claim,) = yard.catalog.take(NOW, 9, version_id=yard.version(make_pipeline()), day=DAY, origin=Origin.INBOX)
        assert claim.tries == 0

    def test_what_is_given_up_has_failed_and_leaves_nothing(self, interrupted, yard):
        interrupted.course.give_up(NOW, put_back=False)
        assert (interrupted.course.is_idle, yard.left()) == (True, ["processing/a"])
        assert yard.catalog.whose(yard.base / "processing/a")[0] is FileState.FAILED


def test_how_far_a_large_file_is_becomes_durable_now_and_then(yard, make_pipeline, make_story, monkeypatch):
    monkeypatch.setattr(course_module, "CHECKPOINT_S", -1.0)
    monkeypatch.setattr(turns, "SMALL_BYTES", 10)
    pipeline = make_pipeline()
    workers = Elsewhere(pipeline, capacity=3)
    story = make_story()
    works = yard.works(pipeline, executor=workers, span_bytes=30)
    story.course.begin(yard.arrived(pipeline, a=b"a line\n" * 10), works)
    story.course.hand_out()
    assert [tasks[0].span.start for _, tasks, _ in workers.groups] == [0, 7, 22]
    for index in (0, 1):
        workers.work(index)
    saved = []
    checkpoint = yard.catalog.checkpoint

    def note(claim, spans):
        checkpoint(claim, spans)
        saved.extend(spans)

    monkeypatch.setattr(yard.catalog, "checkpoint", note)
    give_up = time.monotonic() + 60
    while len(saved) < 2 and time.monotonic() < give_up:  # they are stored in another thread
        story.course.settle(NOW)
    story.course.give_up(NOW, put_back=True)
    (claim,) = yard.catalog.take(NOW, 9, version_id=works.version_id, day=DAY)
    assert [span.index for span in claim.spans] == [0, 1]
    story.course.begin([claim], works)
    story.course.hand_out()
    assert [tasks[0].span.start for _, tasks, _ in workers.groups[3:]] == [22, 44]
    for index in (3, 4):
        workers.work(index)
    story.run()
    assert story.told == [("a", "done")]
    assert (yard.base / "out/a").read_bytes() == b"a line\n" * 10


def test_a_file_over_which_linemill_itself_breaks_fails_and_the_others_go_on(yard, make_pipeline, make_story):
    pipeline = make_pipeline()
    workers = Elsewhere(pipeline)
    story = make_story()
    story.course.begin(yard.given(pipeline, a=b"a\n"), yard.works(pipeline, executor=workers))
    story.course.hand_out()
    story.course.begin(yard.given(pipeline, b=b"b\n"), yard.works(pipeline, executor=workers))
    story.course.hand_out()
    workers.groups[0][2].set_exception(ZeroDivisionError("a bug"))
    workers.work(1)
    story.course.settle(NOW)
    reports = {report.name: report for report in story.reports}
    assert reports["b"].failure is None
    failure = reports["a"].failure
    assert (failure.code, "ZeroDivisionError: a bug" in failure.traceback) == ("invariant", True)


def test_what_is_counted_over_time_agrees_with_the_ledgers_of_all_that_was_published(yard, make_pipeline, make_story):
    steps = "def keep(line: str):\n    return {'no': None, '1': '1', '2': '2', '3': '3'}[line]\n"
    pipeline = make_pipeline(steps)
    story = make_story()
    files = {"a": b"1\nno\nbad\n2\n", "b": b"3\n", "c": b"\x1f\x8b\x08 no archive", "d": b""}
    story.course.begin(yard.given(pipeline, **files), yard.works(pipeline))
    story.run()
    history = History.open(yard.base / ".linemill")
    assert history is not None
    with history:
        totals = history.now().totals
    ledgers = [report.ledger for report in story.reports if report.state is State.DONE]
    assert (totals.files, totals.failed) == (len(ledgers), 1)
    assert totals.failures == {failed.code: 1 for failed in story.failed}
    assert totals.lines == sum(ledger.lines for ledger in ledgers) == 5
    assert totals.all_dead == sum(ledger.dead for ledger in ledgers) == 1
    assert totals.nodes["keep"].came == sum(ledger.nodes["keep"].came for ledger in ledgers if ledger.nodes)
    assert totals.routes == {"keep": {"all": 3}}
    assert totals.nodes["keep"].filtered == 1
    assert totals.raw_bytes == sum(map(len, files.values())) - len(files["c"])

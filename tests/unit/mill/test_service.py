from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from linemill.catalog import Catalog
from linemill.catalog.history import History
from linemill.catalog.records import FileState
from linemill.errors import WorldError
from linemill.executors import contract
from linemill.executors.inline import InlineExecutor
from linemill.mill import pool
from linemill.mill.arrival import Inbox
from linemill.mill.explaining import STALLED
from linemill.mill.service import Mill
from linemill.pipeline import After, Pipeline


class Log:
    """Remembers what the mill tells, and does something when it has told a certain thing."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.reactions: list[tuple[str, Callable[[], None]]] = []

    def info(self, event: str, **values: Any) -> None:
        self.told.append((event, values))
        if self.reactions and self.reactions[0][0] == event:
            self.reactions.pop(0)[1]()

    warning = error = info

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.told]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [values for told, values in self.told if told == event]


class Hanging(InlineExecutor):
    """Workers that never come to an end by themselves."""

    def submit(self, tasks: Any) -> Future[Any]:
        return Future()


class Standing(Hanging):
    """The same, and it can be seen that they do."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__(pipeline, lambda: None)
        self._found: list[contract.Standing] = []

    def submit(self, tasks: Any) -> Future[Any]:
        self._found = [contract.Standing(task, "keep", 60.0) for task in tasks]
        return super().submit(tasks)

    def standing(self, longer_than_s: float) -> list[contract.Standing]:
        return self._found


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in this process: what the mill does with its workers is the same."""
    monkeypatch.setattr(pool, "local_workers", lambda pipeline, *_: InlineExecutor(pipeline, lambda: None))


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Log]:
    """Run a mill; it is stopped when it has told all that is waited for."""

    def apply(pipeline: Pipeline, *reactions: tuple[str, Callable[[], object]], started: Callable[[], object] = str) -> Log:
        log = Log()
        *others, (last, do) = reactions
        with pool.started(pipeline, 1) as workers:
            mill = Mill(pipeline, workers, log, lambda inbox: (started(), None)[1])
            log.reactions = [(event, _quietly(then)) for event, then in others] + [(last, _quietly(do, mill.stop))]
            mill.run()
        return log

    return apply


def _quietly(*actions: Callable[[], object]) -> Callable[[], None]:
    def apply() -> None:
        for action in actions:
            action()

    return apply


@pytest.fixture
def arrive(tmp_path: Path) -> Callable[..., None]:
    """Let a file arrive, complete."""

    def apply(name: str, data: bytes = b"a\n") -> None:
        (tmp_path / "inbox").mkdir(exist_ok=True)
        (tmp_path / f".{name}.arriving").write_bytes(data)
        (tmp_path / f".{name}.arriving").rename(tmp_path / "inbox" / name)

    return apply


def _left(folder: Path) -> list[str]:
    own = {"pipeline.yaml", "steps.py", ".linemill.lock"}
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if path.parts[0] != ".linemill" and path.name not in own)


def test_a_file_that_lies_there_and_one_that_arrives_go_all_the_way(make_pipeline, run, arrive, tmp_path):
    arrive("a.log")
    log = run(make_pipeline(), ("file_done", lambda: arrive("b.log", b"b\n")), ("file_done", str))
    assert [values["file"] for values in log.of("file_done")] == ["a.log", "b.log"]
    assert _left(tmp_path) == ["out/a.log", "out/b.log", "processed/a.log", "processed/b.log"]
    assert (log.events[0], log.events[-2:]) == ("mill_started", ["mill_stopping", "mill_stopped"])


def test_the_log_calls_a_version_as_the_catalog_does(make_pipeline, run, arrive, tmp_path):
    arrive("a.log")
    log = run(make_pipeline(), ("file_done", str))
    history = History.open(tmp_path / ".linemill")
    assert history is not None
    with history:
        version = history.current_version()
    assert version is not None
    assert [values["version"] for values in log.of("mill_started")] == [version.digest[:12]]


def test_a_name_that_comes_again_gets_a_number_and_nothing_is_written_over(make_pipeline, run, arrive, tmp_path):
    arrive("a.log", b"first\n")
    run(make_pipeline(), ("file_done", lambda: arrive("a.log", b"second\n")), ("file_done", str))
    assert _left(tmp_path) == ["out/a.log", "out/a~2.log", "processed/a.log", "processed/a~2.log"]
    assert (tmp_path / "out/a.log").read_bytes() == b"first\n"
    assert (tmp_path / "out/a~2.log").read_bytes() == b"second\n"


def test_a_name_that_a_strangers_output_has_gets_a_number_too(make_pipeline, run, arrive, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.log").write_bytes(b"a stranger's\n")
    arrive("a.log")
    run(make_pipeline(), ("file_done", str))
    assert _left(tmp_path) == ["out/a.log", "out/a~2.log", "processed/a~2.log"]
    assert (tmp_path / "out/a.log").read_bytes() == b"a stranger's\n"


def test_a_file_that_fails_is_put_away_and_told_and_the_next_is_worked(make_pipeline, run, arrive, tmp_path):
    arrive("a.log", b"\x1f\x8b\x08 no archive")
    log = run(make_pipeline(), ("file_failed", lambda: arrive("b.log")), ("file_done", str))
    assert _left(tmp_path) == ["failed/a.log", "out/b.log", "processed/b.log"]
    assert [(values["file"], values["next_try_s"]) for values in log.of("file_failed")] == [("a.log", None)]


def test_an_output_that_no_file_can_be_called_fails_its_file_before_anything_is_committed(make_pipeline, run, arrive, tmp_path):
    longer = "nodes: {keep: {use: 'steps:keep', to: all}}\noutputs: {all: 'out/{name}.out'}\n"
    arrive("a" * 240)
    arrive("b.log")
    (tmp_path / "inbox" / ("a" * 240)).rename(tmp_path / "inbox" / ("a" * 255))
    log = run(make_pipeline(text=longer), ("file_failed", str), ("file_done", str))
    assert _left(tmp_path) == [f"failed/{'a' * 255}", "out/b.log.out", "processed/b.log"]
    assert [(values["code"], values["next_try_s"]) for values in log.of("file_failed")] == [("target", None)]


def test_nothing_is_claimed_while_the_mill_is_paused(make_pipeline, run, arrive, tmp_path):
    def control(value: object) -> None:
        with Catalog.open(tmp_path / ".linemill", "test") as catalog:
            catalog.set_control("paused", value, 0.0)
        (tmp_path / ".linemill/wake").touch()

    def resume() -> None:
        assert _left(tmp_path) == ["inbox/a.log"]
        control(None)

    control({"who": "me"})
    arrive("a.log")
    log = run(make_pipeline(), ("mill_paused", resume), ("file_done", str))
    events = log.events
    assert events.index("mill_paused") < events.index("mill_resumed") < events.index("file_claimed")


def test_nothing_is_claimed_while_there_is_too_little_room_and_it_is_said(make_pipeline, run, arrive, tmp_path):
    said = []

    def look() -> None:
        with Catalog.open(tmp_path / ".linemill", "test") as catalog:
            said.append(catalog.control("blocked"))

    pipeline = make_pipeline()
    arrive("a.log")
    log = run(replace(pipeline, watch=replace(pipeline.watch, min_free=2**60)), ("mill_blocked", look))
    assert _left(tmp_path) == ["inbox/a.log"]
    assert "less than min_free" in said[0]["reason"]
    assert log.of("mill_blocked")[0]["reason"] == said[0]["reason"]


def test_what_a_stop_interrupts_is_put_back_and_done_by_the_next_mill(make_pipeline, run, arrive, tmp_path, monkeypatch):
    pipeline = make_pipeline()
    hasty = replace(pipeline, watch=replace(pipeline.watch, stop_timeout_s=0.0))
    arrive("a.log")
    with monkeypatch.context() as hanging:
        hanging.setattr(pool, "local_workers", lambda pipeline, *_: Hanging(pipeline, lambda: None))
        log = run(hasty, ("file_claimed", str))
    assert log.of("mill_stopped") == [{"put_back": 1}]
    assert _left(tmp_path) == ["processing/a.log"]
    with Catalog.open(tmp_path / ".linemill", "test") as catalog:
        assert catalog.whose(tmp_path / "processing/a.log")[0] is FileState.READY
    log = run(pipeline, ("file_done", str))
    assert [values["file"] for values in log.of("file_taken_again")] == ["a.log"]
    assert _left(tmp_path) == ["out/a.log", "processed/a.log"]


@pytest.mark.slow
def test_a_node_that_stands_still_is_said_until_the_mill_stops(make_pipeline, run, arrive, tmp_path, monkeypatch):
    pipeline = make_pipeline()
    said = []
    set_control = Catalog.set_control

    def note(catalog, name, value, now):
        set_control(catalog, name, value, now)
        if name == STALLED:
            said.append(value)
            if value:
                arrive("b.log")

    monkeypatch.setattr(Catalog, "set_control", note)
    monkeypatch.setattr(pool, "local_workers", lambda pipeline, *_: Standing(pipeline))
    arrive("a.log")
    run(replace(pipeline, watch=replace(pipeline.watch, stop_timeout_s=0.0)), ("file_claimed", str), ("file_claimed", str))
    before, (only,), after = said
    assert (before, only["node"], after) == (None, "keep", None)
    with Catalog.open(tmp_path / ".linemill", "test") as catalog:
        assert catalog.whose(tmp_path / "processing/a.log")[0] is FileState.READY


def test_a_file_that_stays_in_the_inbox_is_taken_once_also_by_the_next_mill(make_pipeline, run, arrive, tmp_path):
    pipeline = make_pipeline()
    keeping = replace(pipeline, watch=replace(pipeline.watch, after=After.KEEP))
    arrive("a.log")
    run(keeping, ("file_done", str))
    log = run(keeping, ("file_done", str), started=lambda: arrive("b.log"))
    assert [values["file"] for values in log.of("file_done")] == ["b.log"]
    assert _left(tmp_path) == ["inbox/a.log", "inbox/b.log", "out/a.log", "out/b.log"]
    arrive("a.log", b"it has changed\n")
    log = run(keeping, ("file_done", str))
    assert [values["file"] for values in log.of("file_done")] == ["a.log"]
    assert (tmp_path / "out/a~2.log").read_bytes() == b"it has changed\n"


def test_many_files_are_all_done_each_once(make_pipeline, run, arrive, tmp_path):
    for number in range(60):
        arrive(f"{number:02}", b"%d\n" % number)
    log = run(make_pipeline(), ("files_done", str))
    assert log.of("files_done")[0]["files"] == 60
    assert (tmp_path / "out/07").read_bytes() == b"7\n"
    assert len(list((tmp_path / "processed").iterdir())) == len(list((tmp_path / "out").iterdir())) == 60


@pytest.mark.slow
def test_what_was_claimed_before_one_could_not_be_is_worked_and_the_others_stay(
    make_pipeline, run, arrive, tmp_path, monkeypatch
):
    claim = Inbox.claim
    seen_b = iter([True])

    def refuse_b_once(inbox, seen, place):
        if seen.name == "b" and next(seen_b, False):
            raise WorldError("read-only file system")
        return claim(inbox, seen, place)

    monkeypatch.setattr(Inbox, "claim", refuse_b_once)
    for name in "abc":
        arrive(name)
    done = [("file_done", str)] * 2
    log = run(make_pipeline(), *done, ("file_done", str))
    assert sorted(values["file"] for values in log.of("file_done")) == ["a", "b", "c"]
    assert sorted(path.name for path in (tmp_path / "processed").iterdir()) == ["a", "b", "c"]
    assert list((tmp_path / "processing").iterdir()) == []

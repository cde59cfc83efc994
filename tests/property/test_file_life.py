"""The life of files against a plain model: arrivals, failures, deaths at any step, retries, reprocessing, re-drives, strangers.

The real mill runs in this process, with workers, clock and waiting replaced: it dies by an exception at the place where a
failpoint would kill it, and everything it had in memory is dropped.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from linemill.catalog import Catalog
from linemill.catalog.history import History
from linemill.catalog.records import Kind, Wish
from linemill.executors.inline import InlineExecutor
from linemill.mill.pool import started
from linemill.mill.service import Mill
from linemill.mill.verifying import verify
from linemill.pipeline import load

PIPELINE = """\
nodes:
  shout: {use: "steps:shout", to: {"*": [own, all]}}
outputs:
  own: out/{name}
  all: out/all.txt
watch: {min_free: 1MiB}
errors: {backoff: 1s}
"""

STEPS = """\
import os


def shout(line: str):
    if "cursed" in line and "LINEMILL_TEST_MENDED" not in os.environ:
        raise ValueError("cursed")
    return line.upper()
"""

MENDED = "LINEMILL_TEST_MENDED"

NAMES = ["a.log", "b", "a~2.log"]

MODULES_WITH_FAILPOINTS = (
    "linemill.mill.intake",
    "linemill.mill.course",
    "linemill.mill.publishing",
    "linemill.mill.recovery",
    "linemill.files.publishing",
)

ENDS = frozenset({"done", "failed"})


class Dead(BaseException):
    """The process is no more."""


@dataclass
class Life:
    """What the model knows of a file.

    Attributes:
        name: As it arrived.
        lines: Its content.
        life_name: What it was called when it was taken; empty before.
        own: What its own output must hold.
        grown: What it has added to the growing output, piece by piece.
        dead: Its dead letters, by line.
        wish: What is asked for, until it has been done.
        has_failed: It failed for good, at the last attempt, and nothing had come of it before.
        is_published: An attempt came to something.
    """

    name: str
    lines: list[str]
    life_name: str = ""
    own: bytes = b""
    grown: list[bytes] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)
    wish: Kind | None = Kind.FIRST
    has_failed: bool = False
    is_published: bool = False

    @property
    def content(self) -> bytes:
        """The file's bytes."""
        return "".join(f"{line}\n" for line in self.lines).encode()

    def work(self, *, is_mended: bool) -> None:
        """Do what the pipeline does to it."""
        dead = [] if is_mended else [number for number, line in enumerate(self.lines, 1) if "cursed" in line]
        if self.wish is Kind.REDRIVE:
            delivered = "".join(f"{self.lines[number - 1].upper()}\n" for number in self.dead if number not in dead).encode()
            self.own += delivered
            self.grown.append(delivered)
        elif self.lines and len(dead) == len(self.lines):
            self.wish, self.has_failed = (
                None,
                not self.is_published,
            )  # what was published before stays as it is, and so does the file
            return
        else:
            self.own = "".join(f"{line.upper()}\n" for at, line in enumerate(self.lines, 1) if at not in dead).encode()
            self.grown.append(self.own)
        self.dead, self.wish, self.has_failed, self.is_published = dead, None, False, True


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        """Give the time, a little later each time."""
        self.now += 1e-4
        return self.now

    monotonic = time


class Waits:
    """In place of the thread that watches folders: waiting takes no time, and stops the mill when nothing is left to do."""

    def __init__(self, machine: FileLife, paths: Iterable[Path]) -> None:
        self._machine = machine
        self._waits = 0

    def wake(self, reason: str) -> None:
        """Nobody sleeps."""

    def wait(self, timeout_s: float) -> set[str]:
        """Let time pass."""
        self._waits += 1
        assert self._waits < 300, f"the mill does not come to rest: {self._machine.rows()}"
        self._machine.clock.now += max(timeout_s, 0.01)
        if self._machine.is_quiet():
            assert self._machine.mill is not None
            self._machine.mill.stop()
        return {"inbox"}

    def close(self) -> None:
        """Nothing to end."""


class FileLife(RuleBasedStateMachine):
    """Lets files live and the mill die, and holds the folders and the catalog against the model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="linemill-life-"))
        (self.folder / "pipeline.yaml").write_text(PIPELINE)
        (self.folder / "steps.py").write_text(STEPS)
        (self.folder / "inbox").mkdir()
        self.clock = Clock()
        self.mill: Mill | None = None
        self.lives: list[Life] = []
        self.strangers: dict[Path, bytes] = {}
        self._numbers = itertools.count(1)
        self._is_mended = False
        self._until_death: int | None = None
        self._patches = ExitStack()
        for module in MODULES_WITH_FAILPOINTS:
            self._patches.enter_context(patch(f"{module}.reach", self._reach))
        self._patches.enter_context(patch("linemill.mill.service.time", self.clock))
        self._patches.enter_context(patch("linemill.mill.service.Wakes", lambda paths: Waits(self, paths)))
        self._patches.enter_context(
            patch("linemill.mill.pool.local_workers", lambda pipeline, *others: InlineExecutor(pipeline, lambda: None))
        )
        self._patches.enter_context(patch.dict(os.environ))
        os.environ.pop(MENDED, None)

    def teardown(self) -> None:
        """Let everything that is left be done, and hold it against the model."""
        try:
            self._run()
            self._hold()
        finally:
            self._patches.close()
            shutil.rmtree(self.folder)

    @rule(arriving=st.dictionaries(st.sampled_from(NAMES), st.lists(st.booleans(), max_size=4), min_size=1))
    def arrive(self, arriving: dict[str, list[bool]]) -> None:
        """Files arrive whose names are not waiting; some of their lines are cursed."""
        for name, cursed in arriving.items():
            if (self.folder / "inbox" / name).exists():
                continue
            lines = [f"line {next(self._numbers)}{' cursed' if is_cursed else ''}" for is_cursed in cursed]
            life = Life(name, lines)
            aside = self.folder / "aside"
            aside.write_bytes(life.content)
            aside.rename(self.folder / "inbox" / name)
            self.lives.append(life)

    @rule(name=st.sampled_from([*NAMES, "a~3.log"]))
    def a_stranger_writes(self, name: str) -> None:
        """Somebody else makes a file where an output could go; it must stay as it is."""
        path = self.folder / "out" / name
        if not os.path.lexists(path) and name not in {life.life_name for life in self.lives}:
            if any(life.wish is Kind.FIRST for life in self.lives):
                return  # whose name is chosen, perhaps: the output then takes another, which is not modelled
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"not yours\n")
            self.strangers[path] = b"not yours\n"

    @rule()
    def work(self) -> None:
        """The mill runs until nothing is left to do."""
        self._run()
        self._hold()

    @rule(steps=st.integers(0, 20))
    def die(self, steps: int) -> None:
        """The mill runs, and dies after so many steps, if it has so many to do."""
        self._until_death = steps
        try:
            self._run()
        finally:
            self._until_death = None

    @precondition(lambda self: all(life.wish is None for life in self.lives))
    @rule()
    def mend(self) -> None:
        """The processor is mended, or broken again."""
        self._is_mended = not self._is_mended
        if self._is_mended:
            os.environ[MENDED] = "1"
        else:
            del os.environ[MENDED]

    @rule(data=st.data())
    def wish(self, data: st.DataObject) -> None:
        """Somebody asks for a file to be worked on again, which has come to an end."""
        able = [life for life in self.lives if life.wish is None and life.life_name]
        if not able:
            return
        life = data.draw(st.sampled_from(able), label="life")
        kinds = [Kind.RETRY] if life.has_failed else [Kind.REPROCESS, *([Kind.REDRIVE] if life.dead else [])]
        life.wish = data.draw(st.sampled_from(kinds), label="kind")
        file_id = next(row.id for row in self.rows() if row.life_name == life.life_name)
        with Catalog.open(self.folder / ".linemill", "test") as catalog:
            catalog.wish([file_id], Wish(life.wish, "test", append_again=True), self.clock.time())

    @invariant()
    def states_are_legal(self) -> None:
        """Whatever happened: no life is lost or doubled, and what is published is something that was committed."""
        rows = self.rows()
        assert {row.state for row in rows} <= {"ready", "working", "committed", "done", "failed"}
        assert len({row.life_name for row in rows}) == len(rows), "two files have one name"
        for path, content in self.strangers.items():
            assert path.read_bytes() == content, "what somebody else wrote was written over"

    def rows(self) -> list[Any]:
        """Read the files of the catalog without the program's own code."""
        path = self.folder / ".linemill" / "catalog.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("SELECT id, name, life_name, state, place, code FROM file ORDER BY id").fetchall()
        return [SimpleNamespace(id=a, name=b, life_name=c, state=d, place=e, code=f) for a, b, c, d, e, f in found]

    def is_quiet(self) -> bool:
        """Tell whether nothing is left to do."""
        return {row.state for row in self.rows()} <= ENDS and not self._in("inbox") and not self._in("processing")

    def _reach(self, point: str) -> None:
        if self._until_death is not None:
            self._until_death -= 1
            if self._until_death < 0:
                raise Dead(point)

    def _run(self) -> None:
        pipeline = load(self.folder / "pipeline.yaml")
        try:
            with started(pipeline, 1) as pool:
                self.mill = Mill(pipeline, pool, _Silent())
                self.mill.run()
        except Dead:
            return
        for life in self.lives:
            if life.wish is not None:
                life.work(is_mended=self._is_mended)

    def _hold(self) -> None:
        """Hold everything against the model, when nothing is left to do."""
        rows = self.rows()
        assert sorted(row.name for row in rows) == sorted(life.name for life in self.lives)
        for name in {life.name for life in self.lives}:
            # Of files with one name, the first that came was claimed first.
            mine = zip((life for life in self.lives if life.name == name), (row for row in rows if row.name == name), strict=True)
            for life, row in mine:
                life.life_name = life.life_name or row.life_name
                assert row.life_name == life.life_name
                assert row.state == ("failed" if life.has_failed else "done"), (row, life)
        self._hold_folders()
        self._hold_growing()
        history = History.open(self.folder / ".linemill")
        assert history is not None
        with closing(history):
            assert verify(history).findings == ()

    def _hold_folders(self) -> None:
        done = [life for life in self.lives if not life.has_failed]
        assert self._in("processed") == {life.life_name: life.content for life in done}
        assert self._in("failed") == {life.life_name: life.content for life in self.lives if life.has_failed}
        strangers = {path.name: content for path, content in self.strangers.items()}
        own = {name: content for name, content in self._in("out").items() if name != "all.txt"}
        published = [life for life in self.lives if life.is_published]
        assert own == {life.life_name: life.own for life in published} | strangers
        dead = {name: [json.loads(line)["line"] for line in content.splitlines()] for name, content in self._in("dead").items()}
        assert dead == {f"{life.life_name}.jsonl": life.dead for life in published if life.dead}
        assert list(self.folder.rglob(".linemill-*")) == []

    def _hold_growing(self) -> None:
        """Hold that the growing output is all pieces in the order of their commits, and each as often as it was committed."""
        path = self.folder / ".linemill" / "catalog.db"
        with closing(sqlite3.connect(path)) as connection:
            query = "SELECT offset_bytes, bytes FROM output WHERE name = 'all' AND replaced_by IS NULL ORDER BY id"
            places = connection.execute(query).fetchall()
        content = self._in("out").get("all.txt", b"")
        ends = list(itertools.accumulate(size for _, size in places))
        assert [offset for offset, _ in places] == [0, *ends[:-1]][: len(places)]
        assert len(content) == (ends[-1] if ends else 0)
        pieces = Counter(content[offset : offset + size] for offset, size in places)
        assert pieces == Counter(piece for life in self.lives for piece in life.grown if piece)

    def _in(self, folder: str) -> dict[str, bytes]:
        if not (self.folder / folder).is_dir():
            return {}
        return {path.name: path.read_bytes() for path in (self.folder / folder).iterdir() if path.name != ".linemill.lock"}


class _Silent:
    """A log that nobody reads."""

    def info(self, event: str, **values: Any) -> None:
        """Say nothing."""

    warning = error = info


def _play(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        FileLife,
        settings=settings(max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck)),
    )


def test_files_live_as_the_model_says() -> None:
    _play(examples=4, steps=8)


@pytest.mark.slow
def test_files_live_as_the_model_says_at_length() -> None:
    _play(examples=40, steps=25)

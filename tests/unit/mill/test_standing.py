"""Which nodes stand still: said in the catalog while it is so, and never again and again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from linemill.catalog import Catalog
from linemill.executors.contract import Standing
from linemill.executors.inline import InlineExecutor
from linemill.executors.task import Task
from linemill.mill.explaining import STALLED
from linemill.mill.standing import STANDS_S, Standstill


class Standers(InlineExecutor):
    """Workers of which a test says who stands still, and for how long."""

    def __init__(self, pipeline: Any) -> None:
        super().__init__(pipeline, lambda: None)
        self.said: list[Standing] = []
        self.looks = 0

    def look(self) -> None:
        self.looks += 1

    def standing(self, longer_than_s: float) -> list[Standing]:
        return [one for one in self.said if one.for_s > longer_than_s]


def file_of(task: Task) -> int | None:
    """Tasks say whose they are by their names; the file of one is done."""
    return None if task.name == "done" else int(task.name)


@pytest.fixture
def works(yard, make_pipeline):
    pipeline = make_pipeline()
    return yard.works(pipeline, executor=Standers(pipeline))


@pytest.fixture
def standstill(yard):
    yard.catalog.set_control(STALLED, [{"file_id": 7, "node": "keep", "since": 1.0}], 2.0)
    return Standstill(yard.catalog, file_of, 10.0)


@pytest.fixture
def stands(make_claim, tmp_path):
    def apply(file, node="keep", for_s=STANDS_S + 1):
        return Standing(Task(None, str(file), None, {}, tmp_path), node, for_s)

    return apply


def test_what_a_mill_that_was_killed_has_left_is_removed(yard, standstill):
    assert yard.catalog.control(STALLED) is None


def test_it_is_said_since_when_and_with_which_file_until_it_is_over(yard, works, standstill, stands):
    works.executor.said = [stands(3), stands(2, "parse", 8.0), stands(4, for_s=STANDS_S - 1), stands("done")]
    standstill.look([works], 100.0)
    said = [{"file_id": 2, "node": "parse", "since": 92.0}, {"file_id": 3, "node": "keep", "since": 94.0}]
    assert yard.catalog.control(STALLED) == said
    works.executor.said = [stands(3, for_s=7.3)]
    standstill.look([works], 101.0)
    assert yard.catalog.control(STALLED) == said[1:]
    works.executor.said = []
    standstill.look([works], 102.0)
    assert yard.catalog.control(STALLED) is None
    assert works.executor.looks == 3


def test_nothing_is_written_while_nothing_changes(yard, works, standstill, stands, monkeypatch):
    written = []
    monkeypatch.setattr(Catalog, "set_control", lambda self, name, value, now: written.append(now))
    for now in (100.0, 100.5, 101.1):
        works.executor.said = [stands(3, for_s=now - 90.04)]
        standstill.look([works], now)
    assert written == [100.0]


def test_of_two_workers_with_parts_of_one_file_the_first_that_stood_still_says_since_when(yard, works, standstill, stands):
    works.executor.said = [stands(3, for_s=6.0), stands(3, for_s=9.0), stands(3, for_s=7.0)]
    other = replace(works, executor=Standers(works.pipeline))
    standstill.look([works, other], 100.0)
    assert yard.catalog.control(STALLED) == [{"file_id": 3, "node": "keep", "since": 91.0}]

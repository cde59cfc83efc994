from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import structlog

from linemill import catalog as durable
from linemill.executors.inline import InlineExecutor
from linemill.mill import backlog, pool
from linemill.mill.backlog import NOTE_S, Backlog
from linemill.mill.service import Mill

pytestmark = pytest.mark.slow


class Catalog:
    def __init__(self) -> None:
        self.told: list[tuple[int, int, float]] = []

    def note_backlog(self, in_inbox: int, most: int, now: float) -> None:
        self.told.append((in_inbox, most, now))


@pytest.fixture
def catalog() -> Any:
    return Catalog()


def test_it_is_told_at_once_how_it_is_at_the_start(catalog):
    Backlog(catalog).tell(0, 100.0)
    assert catalog.told == [(0, 0, 100.0)]


def test_nothing_is_told_while_nothing_changes(catalog):
    told = Backlog(catalog)
    for now in range(100, 200):
        told.saw(3, 1)
        told.tell(1, float(now))
    assert catalog.told == [(3, 4, 100.0)]


def test_the_most_is_told_although_it_is_over(catalog):
    told = Backlog(catalog)
    told.tell(0, 100.0)
    told.saw(7, 2)
    told.saw(0, 3)
    told.tell(0, 200.0)
    told.tell(0, 300.0)
    assert catalog.told[1:] == [(0, 9, 200.0)]


def test_it_is_told_at_most_every_few_seconds(catalog):
    told = Backlog(catalog)
    for step in range(100):
        told.tell(step, 100.0 + step * NOTE_S / 10)
    times = [now for _, _, now in catalog.told]
    assert len(times) == 10
    assert min(b - a for a, b in pairwise(times)) >= NOTE_S


def test_what_a_catalog_could_not_be_told_is_told_again(catalog, monkeypatch):
    told = Backlog(catalog)

    def refuse(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(catalog, "note_backlog", refuse)
        with pytest.raises(OSError):
            told.tell(3, 100.0)
    told.tell(1, 101.0)
    assert catalog.told == [(0, 3, 101.0)]


@pytest.mark.parametrize("hold", ["paused", "too little room"])
def test_what_gathers_in_the_inbox_while_nothing_is_claimed_is_told(make_pipeline, tmp_path, monkeypatch, hold):
    pipeline = make_pipeline()
    (tmp_path / "inbox").mkdir()
    for name in ("a.log", "b.log", ".hidden"):
        (tmp_path / "inbox" / name).write_bytes(b"a\n")
    if hold == "paused":
        with durable.Catalog.open(tmp_path / ".linemill", "test") as opened:
            opened.set_control("paused", {"who": "me"}, 0.0)
    else:
        pipeline = replace(pipeline, watch=replace(pipeline.watch, min_free=2**60))
    noted: list[int] = []

    def note(self: object, in_inbox: int, most: int, now: float) -> None:
        noted.append(in_inbox)
        if in_inbox:
            mill.stop()

    monkeypatch.setattr(backlog, "NOTE_S", 0.0)
    monkeypatch.setattr(durable.Catalog, "note_backlog", note)
    monkeypatch.setattr(pool, "local_workers", lambda pipeline, *_: InlineExecutor(pipeline, lambda: None))
    with pool.started(pipeline, 1) as workers:
        mill = Mill(pipeline, workers, structlog.testing.CapturingLogger())
        mill.run()
    assert noted == [0, 2]

"""A catalog with a long history against one with a short one: a page of files, what became of one, and the next claim."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert

from bench.report import Report
from linemill.catalog import Catalog, opening, schema
from linemill.catalog.database import Database
from linemill.catalog.history import History
from linemill.catalog.records import Arrived, AttemptState, FileState, How, Kind, Origin
from linemill.mill.control import named
from linemill.mill.explaining import explained, mill_state

SIZES = (1_000, 1_000_000)
TIMES = 200
BAR = 1.5
"""Largest ratio of the medians: room for a level or two more in an index, and for noise."""

ROWS_AT_ONCE = 10_000
FAILED_EVERY = 100
DAY = "2026-03-02"
NOON = 1_772_452_800.0

Ask = Callable[[int], None]


def compare(report: Report, data: Path, sizes: tuple[int, int] = SIZES) -> None:
    """Ask a small and a large catalog the same, in turn, in this process; print the medians and their ratio.

    Args:
        report: Gets the table.
        data: Where the two catalogs are made.
        sizes: Rows of files in the one and in the other.
    """
    folder = data / "history"
    shutil.rmtree(folder, ignore_errors=True)
    with ExitStack() as stack:
        asks = [_asks(stack, folder / str(size), size) for size in sizes]
        titles = [f"{size:,} files" for size in sizes]
        report.head("what", *titles, "ratio", "bar", "", texts=1)
        for what in asks[0]:
            small, large = _medians([each[what] for each in asks])
            ratio = large / small
            verdict = report.verdict(f"{what}, {titles[1]} against {titles[0]}", ratio, BAR)
            report.row([what, f"{1000 * small:.2f} ms", f"{1000 * large:.2f} ms", f"{ratio:.2f}", f"≤ {BAR:g}", verdict])
    shutil.rmtree(folder)


def fill(connection: Connection, files: int) -> None:
    """Write a history of files that are done, and of some that failed, into an empty catalog: one attempt and output each."""
    connection.execute(insert(schema.version), {"digest": "0", "text": "", "sources": "{}", "loaded_at": NOON})
    for table, row in ((schema.file, _file), (schema.attempt, _attempt), (schema.output, _output), (schema.node_count, _node)):
        for first in range(1, files + 1, ROWS_AT_ONCE):
            _insert(connection, table, [row(number) for number in range(first, min(first + ROWS_AT_ONCE, files + 1))])


def _asks(stack: ExitStack, folder: Path, files: int) -> dict[str, Ask]:
    """Make a catalog of so many files; give what is asked of it, each to be called with 0, 1, 2 and so on."""
    catalog = stack.enter_context(Catalog.open(folder, "bench"))
    database = Database(folder / opening.NAME)
    with database.writing() as connection:
        fill(connection, files)
    database.close()
    os.sync()
    history = History.open(folder)
    assert history is not None
    stack.enter_context(history)

    def page(number: int) -> None:
        assert len(history.files().rows) == 100

    def explain(number: int) -> None:
        name = f"f{1 + number * 7919 % files:07d}.log"
        explanation = explained(history, named(history, name), mill_state(history))
        assert explanation.name == name

    def claim(number: int) -> None:
        arrived = Arrived(folder / "inbox" / f"new{number}.log", f"new{number}.log", 12_500, 0, NOON)
        claims = catalog.claim(
            [arrived],
            origin=Origin.INBOX,
            version_id=1,
            day=DAY,
            now=NOON,
            place_in=folder / "processing",
            is_taken=lambda name: False,
        )
        assert claims[0].life_name == arrived.name

    return {"`files`: the first page": page, "`explain`: one file": explain, "the claim of the next file": claim}


def _medians(asks: list[Ask]) -> list[float]:
    took: list[list[float]] = [[] for _ in asks]
    for number in range(TIMES + 5):
        for each, ask in zip(took, asks, strict=True):
            start = time.perf_counter()
            ask(number)
            if number >= 5:  # the first ones warm up
                each.append(time.perf_counter() - start)
    return [statistics.median(each) for each in took]


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(table), rows)


def _file(number: int) -> dict[str, Any]:
    name = f"f{number:07d}.log"
    is_done = number % FAILED_EVERY != 0
    return {
        "id": number,
        "origin": Origin.INBOX,
        "name": name,
        "number": 1,
        "life_name": name,
        "found": f"/srv/logs/inbox/{name}",
        "place": f"/srv/logs/{'processed' if is_done else 'failed'}/{name}",
        "size": 12_500,
        "mtime_ns": int((NOON + number) * 1e9),
        "state": FileState.DONE if is_done else FileState.FAILED,
        "since": NOON + number,
        "noticed_at": NOON + number - 1,
        "done_at": NOON + number if is_done else None,
        "tries": 0 if is_done else 4,
        "attempt_id": number,
        "code": None if is_done else "corrupt",
        "reason": None if is_done else "the archive is damaged",
        "lines": 100,
        "dead": 0,
        "raw_bytes": 12_500,
        "seconds": 0.001,
    }


def _attempt(number: int) -> dict[str, Any]:
    is_done = number % FAILED_EVERY != 0
    return {
        "id": number,
        "file_id": number,
        "number": 1,
        "kind": Kind.FIRST,
        "version_id": 1,
        "owner_id": "0" * 16,
        "day": DAY,
        "state": AttemptState.PUBLISHED if is_done else AttemptState.FAILED,
        "began_at": NOON + number,
        "ended_at": NOON + number,
        "lines": 100,
        "dead": 0,
        "raw_bytes": 12_500,
        "seconds": 0.001,
        "deletes": False,
    }


def _output(number: int) -> dict[str, Any]:
    return {
        "attempt_id": number,
        "name": "out",
        "how": How.WHOLE,
        "target": f"/srv/logs/out/f{number:07d}.log",
        "staged": f"/srv/logs/out/.linemill-0123abcd-{number}-0.part",
        "offset_bytes": 0,
        "bytes": 12_500,
        "lines": 100,
        "pieces": '[[12500, "0123456789abcdef"]]',
        "may_replace": False,
        "is_published": True,
    }


def _node(number: int) -> dict[str, Any]:
    return {
        "attempt_id": number,
        "position": 0,
        "node": "upper",
        "came": 100,
        "gave": '{"*": 100}',
        "sent": '{"out": 100}',
        "filtered": 0,
        "dead": 0,
        "unrouted": 0,
        "restarts": 0,
        "seconds": 0.001,
    }

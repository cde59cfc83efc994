from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from linemill.catalog import Catalog
from linemill.catalog.records import (
    Arrived,
    Claim,
    Commit,
    Failed,
    How,
    Origin,
    Redo,
    SpanDone,
    StagedOutput,
)
from linemill.engine import DeadCode, DeadLetter, Ledger, NodeCounts, OutputCounts
from linemill.pipeline import DEAD_LETTERS

NOW = 1_000.0
DAY = "2026-07-28"


class Yard:
    """A state folder, and what happens around it without any file being touched."""

    def __init__(self, base: Path, opened: ExitStack) -> None:
        self.base = base
        self.folder = base / ".linemill"
        self._opened = opened

    def open(self, what: str = "watch") -> Catalog:
        return self._opened.enter_context(Catalog.open(self.folder, what))

    def version(self, catalog: Catalog, text: str = "nodes: {}") -> int:
        return catalog.version(text, {"a.py": "def a(line): ..."}, NOW)

    def arrived(self, *names: str, size: int = 10, mtime_ns: int = 7) -> list[Arrived]:
        return [Arrived(self.base / "inbox" / name, name, size, mtime_ns, NOW - 1) for name in names]

    def claim(self, catalog: Catalog, *names: str, taken: tuple[str, ...] = (), now: float = NOW) -> list[Claim]:
        return catalog.claim(
            self.arrived(*names),
            origin=Origin.INBOX,
            version_id=self.version(catalog),
            day=DAY,
            now=now,
            place_in=self.base / "processing",
            is_taken=taken.__contains__,
        )

    def given(self, catalog: Catalog, *arrived: Arrived, now: float = NOW) -> list[Claim]:
        return catalog.claim(
            arrived,
            origin=Origin.GIVEN,
            version_id=self.version(catalog),
            day=DAY,
            now=now,
            place_in=None,
            is_taken=lambda name: True,
        )

    def take(self, catalog: Catalog, now: float = NOW, limit: int = 100, **more: Any) -> list[Claim]:
        version_id = more.pop("version_id", None) or self.version(catalog)
        return catalog.take(now, limit, version_id=version_id, day=more.pop("day", DAY), **more)

    def ledger(self, lines: int = 3, dead: int = 0) -> Ledger:
        kept = lines - dead
        node = NodeCounts(came=lines, gave={"": kept}, sent={"out": kept}, dead=dead, seconds=0.5)
        return Ledger(lines, 0, {"node": node}, {"out": OutputCounts(came=kept, lines=kept, bytes=10 * kept)})

    def staged(self, claim: Claim, target: str, how: How = How.WHOLE, size: int = 10, lines: int = 1, k: int = 0) -> StagedOutput:
        path = self.base / target
        name = DEAD_LETTERS if target.startswith("dead/") else "out"
        hidden = path.with_name(f".linemill-{claim.attempt_id}-{k}.part")
        return StagedOutput(name, how, path, hidden, size, lines, ((size, "0123456789abcdef"),))

    def commit(self, claim: Claim, *outputs: StagedOutput, dead: int = 0, **more: Any) -> Commit:
        whole = outputs or (self.staged(claim, f"out/{claim.life_name}"),)
        letters = tuple(DeadLetter(1 + number, "node", DeadCode.RAISED, "ValueError", "line") for number in range(dead))
        moves_to = more.pop("moves_to", self.base / "processed" / claim.life_name)
        return Commit(claim, self.ledger(dead=dead), whole, letters, 10, 0.5, moves_to, **more)

    def failed(self, claim: Claim, next_try_at: float | None = None, **more: Any) -> Failed:
        return Failed(claim, "bad_input", "no luck", "", next_try_at, **more)

    def span(self, index: int) -> SpanDone:
        return SpanDone(index, index * 10, index * 10 + 10, self.ledger(1), {"out": index * 10 + 10}, {"out": (10, "ab")})

    def done(self, catalog: Catalog, claims: list[Claim], now: float = NOW, **more: Any) -> list[Redo]:
        redos = catalog.commit([self.commit(claim, **more) for claim in claims], now)
        catalog.published(redos, now)
        return redos

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.folder / "catalog.db")
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def value(self, query: str, *values: object) -> Any:
        (row,) = self.rows(query, *values)
        return row[0] if len(row) == 1 else row


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    with ExitStack() as opened:
        yield Yard(tmp_path, opened)


@pytest.fixture
def catalog(yard: Yard) -> Catalog:
    return yard.open()

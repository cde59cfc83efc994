"""What tests of several layers share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import xxhash
from sqlalchemy import Engine, create_engine, event, insert, update

from linemill.catalog import schema
from linemill.catalog.history import History
from linemill.catalog.opening import open_database
from linemill.files import shown
from linemill.pipeline import Mode, Node, Output, Pipeline


class Records:
    """A catalog that is filled row by row, with what a test does not say left at something harmless."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        open_database(folder, 0.0).close()
        self.engine: Engine = create_engine(f"sqlite:///{folder / 'catalog.db'}")
        event.listen(self.engine, "connect", _hurry)
        self._version = self._insert(schema.version, digest="0" * 64, text="", sources="{}", loaded_at=0.0)
        self._numbers: dict[tuple[str, str], int] = {}

    def file(self, name: str = "a.log", state: str = "done", **others: Any) -> int:
        """Add a file."""
        origin = others.pop("origin", "inbox")
        number = self._numbers[origin, name] = self._numbers.get((origin, name), 0) + 1
        stem, dot, suffix = name.rpartition(".")
        life_name = name if number == 1 else f"{stem}~{number}{dot}{suffix}"
        paths = {key: shown(others.pop(key)) for key in ("found", "place") if others.get(key) is not None}
        zeros = dict.fromkeys(("since", "noticed_at", "tries", "lines", "dead", "raw_bytes", "seconds", "mtime_ns"), 0)
        fields = {"life_name": life_name, "size": 2, **zeros, **paths, **others}
        fields["life_name"] = shown(fields["life_name"])
        return self._insert(schema.file, origin=origin, name=shown(name), number=number, state=state, **fields)

    def files(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add many files at once, each with a name of its own."""
        zeros = dict.fromkeys(("since", "noticed_at", "tries", "lines", "dead", "raw_bytes", "seconds", "mtime_ns", "size"), 0)
        filled = [{"origin": "inbox", "number": 1, "life_name": row["name"], **zeros, **row} for row in rows]
        with self.engine.begin() as connection:
            connection.execute(insert(schema.file), filled)

    def attempt(self, file_id: int, state: str = "published", number: int = 1, **others: Any) -> int:
        """Add an attempt, which becomes the last one of its file."""
        zeros = dict.fromkeys(("began_at", "lines", "dead", "raw_bytes", "seconds"), 0)
        fields = {
            "kind": "first",
            "version_id": self._version,
            "owner_id": "0" * 16,
            "day": "2026-01-01",
            "deletes": False,
            **zeros,
        }
        attempt_id = self._insert(schema.attempt, file_id=file_id, number=number, state=state, **{**fields, **others})
        self.update(schema.file, file_id, attempt_id=attempt_id)
        return attempt_id

    def output(self, attempt_id: int, target: Path, content: bytes, *, offset: int = 0, **others: Any) -> int:
        """Add an output of so many bytes and lines; what is in the target is for the test to write."""
        half = len(content) // 2
        pieces = [[len(part), xxhash.xxh3_64_hexdigest(part)] for part in (content[:half], content[half:])]
        fields = {"name": "all", "how": "whole", "staged": "", "may_replace": False, "is_published": True, **others}
        return self._insert(
            schema.output,
            attempt_id=attempt_id,
            target=shown(target),
            offset_bytes=offset,
            bytes=len(content),
            lines=fields.pop("lines", content.count(b"\n")),
            pieces=json.dumps(pieces),
            **fields,
        )

    def node(self, attempt_id: int, position: int, node: str, **counts: Any) -> None:
        """Add the counts of a node."""
        zeros = dict.fromkeys(("came", "filtered", "dead", "unrouted", "restarts", "seconds"), 0)
        tags = {key: json.dumps(counts.pop(key, {})) for key in ("gave", "sent")}
        values = {**zeros, **tags, **counts}
        with self.engine.begin() as connection:
            connection.execute(insert(schema.node_count).values(attempt_id=attempt_id, position=position, node=node, **values))

    def letter(self, file_id: int, attempt_id: int, node: str = "keep", code: str = "raised", **fields: Any) -> int:
        """Add a dead letter."""
        said = {"file": "a.log", "line": 1, "node": node, "code": code, "error": "ValueError: no", **fields}
        values = {"attempt_id": attempt_id, "file_id": file_id, "number": said["line"], "node": node, "code": code}
        return self._insert(schema.dead_letter, letter=json.dumps(said).encode(), **values)

    def event(self, what: str, **others: Any) -> int:
        """Add an event."""
        return self._insert(schema.event, **{"at": 0.0, "who": "somebody", "what": what, "detail": "", **others})

    def control(self, name: str, value: object) -> None:
        """Set a control value."""
        with self.engine.begin() as connection:
            connection.execute(insert(schema.control).values(name=name, value=json.dumps(value), at=0.0))

    def update(self, table: Any, row_id: int, **values: Any) -> None:
        """Change a row."""
        with self.engine.begin() as connection:
            connection.execute(update(table).where(table.c.id == row_id).values(**values))

    def _insert(self, table: Any, **values: Any) -> int:
        with self.engine.begin() as connection:
            key = connection.execute(insert(table).values(**values)).inserted_primary_key
        assert key is not None
        row_id: int = key[0]
        return row_id


def _hurry(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture
def make_records() -> Iterator[Callable[[Path], Records]]:
    """Make a catalog in a state folder, and fill it."""
    made: list[Records] = []

    def make(folder: Path) -> Records:
        made.append(Records(folder))
        return made[-1]

    yield make
    for records in made:
        records.engine.dispose()


@pytest.fixture
def records(make_records: Callable[[Path], Records], tmp_path: Path) -> Records:
    """The catalog of a pipeline in `tmp_path`, to fill."""
    return make_records(tmp_path / ".linemill")


@pytest.fixture
def history(records: Records) -> Iterator[History]:
    """The same, to read."""
    opened = History.open(records.folder)
    assert opened is not None
    with opened:
        yield opened


@pytest.fixture
def make_node() -> Callable[..., Node]:
    """A node of a pipeline that is drawn or summed up, never run."""

    def make(name: str, routes: dict[str, tuple[str, ...]], use: str = "", mode: Mode = Mode.LINE, **others: Any) -> Node:
        others = {"is_tagged": False, "is_splittable": True, "settings": {}, "build": lambda: str, **others}
        return Node(name=name, use=use or f"processors:{name}", mode=mode, routes=routes, **others)

    return make


@pytest.fixture
def web_logs(make_node: Callable[..., Node], tmp_path: Path) -> Pipeline:
    """A pipeline with everything that a drawing can show: tags, a fan-out, a drop, two ways that meet."""
    return Pipeline(
        name="web-logs",
        path=tmp_path / "pipeline.yaml",
        text="",
        nodes=(
            make_node("clean", {"*": ("level",)}, "processors.text:strip_ansi"),
            make_node(
                "level",
                {"error": ("errors",), "fatal": ("errors",), "warn": ("warnings", "audit"), "debug": ("drop",), "*": ("snake",)},
                "linemill.processors:tag_by_pattern",
            ),
            make_node("audit", {"*": ("snake",)}, "processors.audit:Counter", Mode.STREAM, is_tagged=True, is_splittable=False),
            make_node("snake", {"*": ("general",)}, "processors.text:Snake"),
        ),
        entry="clean",
        outputs=(
            Output("errors", "out/errors/{name}"),
            Output("warnings", "out/warnings/{name}"),
            Output("general", "out/general/{name}"),
        ),
    )

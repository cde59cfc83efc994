"""However a file is cut into spans and blocks, and in whatever order they end, what is published is the same."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from linemill.catalog.records import Claim, Commit, Kind, Origin
from linemill.executors.places import Chains, Ends
from linemill.executors.task import Task, Worked
from linemill.executors.work import work
from linemill.files import Reader
from linemill.mill.job import Job, Place
from linemill.pipeline import Pipeline, load

PIPELINE = """\
nodes:
  line: {use: "steps:line", to: {pair: [all, batch], lost: drop, "*": batch}}
  batch: {use: "steps:batch", to: {odd: all, "*": awaited}}
  awaited: {use: "steps:awaited", to: {x: records}}
outputs:
  all: out/all/{name}
  records: out/records/{name}
input: {max_line: 12}
errors: {budget: 100%}
"""

# Every mode that may be cut, every fate that a line may have: kept, doubled, filtered, dropped, dead by an exception, by a tag
# without a route and by a value that JSON cannot say.
STEPS = """\
def line(line: str):
    if "d" in line:
        raise ValueError(line)
    if line.startswith("p"):
        return [("pair", line), ("pair", line + "\\\\nsecond")]
    if line.startswith("l"):
        return "lost", line
    return None if line == "f" else line

def batch(lines: list[str]):
    return [("odd", line) if len(line) % 2 else ("nowhere", line) if "n" in line else line for line in lines]

async def awaited(line: str):
    return "x", {"line": {1, 2}} if "s" in line else {"line": line}
"""

PIECES = [b"a", b"b\n", b"d", b"p", b"\np", b"l", b"\nl", b"\nf\n", b"n", b"s", b"\n", b"\r\n", b"\xff", b"\xc3\xa9", b"x" * 15]
data_of_pieces = st.lists(st.sampled_from(PIECES), max_size=50).map(b"".join)

Reports = list[tuple[Task, Worked]]
Order = Callable[[Reports], Reports]


class Outcome(NamedTuple):
    """What one way through the file came to."""

    lines: int
    counts: dict[str, Any]
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "steps.py").write_text(STEPS)
    return load(folder / "pipeline.yaml")


def went(pipeline: Pipeline, data: bytes, span_bytes: int | None, block_bytes: int, order: Order, *, placed: bool) -> Outcome:
    """Take some bytes through the pipeline; all tasks are worked, and their reports come home in an order of their own."""
    reader = functools.partial(Reader, block_bytes=block_bytes)
    with tempfile.TemporaryDirectory() as name, mock.patch("linemill.executors.work.Reader", reader):
        folder = Path(name)
        (folder / "in").write_bytes(data)
        found = folder / "in"
        claim = Claim(1, 1, Origin.GIVEN, Kind.FIRST, "in", "in", found, found, len(data), 0, 0, "2025-03-01", 1, 0.0)
        job = Job(claim, pipeline, Place(folder, "0123abcd", span_bytes, {}))
        for staging in map(Path, job.folders()):
            staging.mkdir(parents=True)
        chains, ends = Chains(), Ends([0] * Ends.length(2), 2)
        worked = [
            (task, work(pipeline, task, lambda count: None, chains.place(task) if placed else None, ends)) for task in job.tasks()
        ]
        for task, came in order(worked):
            job.take(task, came)
        commit = job.commit()
        assert isinstance(commit, Commit)
        counts = asdict(commit.ledger)
        for node in counts["nodes"].values():
            del node["seconds"]
        assert commit.raw_bytes == len(data)
        assert {path for path in folder.glob("*/**/*") if path.is_file()} == {output.staged for output in commit.outputs}
        files = {output.name: output.staged.read_bytes() for output in commit.outputs}
        for output in commit.outputs:
            written = files[output.name]
            assert (output.lines, output.bytes) == (written.count(b"\n"), len(written))
            for length, checksum in output.pieces:
                assert xxhash.xxh3_64_hexdigest(written[:length]) == checksum
                written = written[length:]
            assert written == b""
        return Outcome(commit.ledger.lines, counts, files)


@pytest.mark.slow
@given(
    data=data_of_pieces,
    span_bytes=st.integers(1, 70),
    block_bytes=st.integers(1, 50),
    placed=st.booleans(),
    dice=st.randoms(use_true_random=False),
)
def test_spans_put_together_are_the_whole(pipeline, data, span_bytes, block_bytes, placed, dice):
    whole = went(pipeline, data, None, 1000, list, placed=False)
    cut = went(pipeline, data, span_bytes, block_bytes, lambda reports: dice.sample(reports, len(reports)), placed=placed)
    assert cut == whole


@pytest.mark.parametrize("placed", [False, True])
def test_what_this_property_is_about_happens(pipeline, placed):
    """The pieces above lead to several spans, and to every kind of end."""
    data = b"d\npair\nlost\nf\nb\nnn\nss\n" + b"x" * 15 + b"\nd\n\xff\n"
    whole = went(pipeline, data, None, 1000, list, placed=False)
    cut = went(pipeline, data, 5, 3, lambda reports: reports[::-1], placed=placed)
    assert cut == whole
    assert whole.files["dead letters"].count(b"\n") == 5
    assert [line.count(b'"line": 9') for line in whole.files["dead letters"].splitlines()] == [0, 0, 0, 0, 1]
    assert {node: counts["filtered"] for node, counts in whole.counts["nodes"].items()} == {"line": 1, "batch": 0, "awaited": 0}
    assert whole.counts["too_long"] == 1

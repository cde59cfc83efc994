"""However the lines are cut into blocks, and whatever shape a node has, what comes of them is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linemill.engine import DeadLetter, Ledger, Results, Run, Traced, empty_ledger
from linemill.errors import ProcessorFailed
from linemill.pipeline import Mode, Node, OnError, Output, Pipeline

# Processors of every mode. What comes to them may be text or a record, whatever stands before them in the graph.


def same(item: Any) -> Any:
    return item


def keep_some(item: Any) -> Any:
    return item if "a" in str(item) else None


def tag_by_letter(item: Any) -> Any:
    return (next((letter for letter in "abc" if letter in str(item)), ""), item)


def tag_twice(item: Any) -> Any:
    return (["b", "a", "lost"] if "b" in str(item) else ["a", "b"], item)


def tag_by_length(item: Any) -> Any:
    return ["a", "b", "c"][len(str(item)) % 3], item


def multiply(item: Any) -> Iterator[Any]:
    for count in range(len(str(item)) % 4):
        yield ("c", item) if count == 2 else f"{count}{item}"


def raise_some(item: Any) -> Any:
    if "x" in str(item):
        raise ValueError(f"cannot do {item}")
    return item


def raise_half_way(item: Any) -> Iterator[Any]:
    yield item
    raise_some(item)
    yield f"more {item}"


def to_record(item: Any) -> Any:
    return {"text": str(item), "list": [str(item)]}


def change_record(item: Any) -> Any:
    if isinstance(item, dict):
        item["list"].append("changed")
        item["seen"] = item.get("seen", 0) + 1
    return item


def not_json(item: Any) -> Any:
    return {"text": {1, 2}} if "c" in str(item) else f"{item}\nfolded"


def batch_upper(items: list[Any]) -> list[Any]:
    return [None if "xx" in str(raise_some(item)) else str(item).upper() for item in items]


def batch_mixed(items: list[Any]) -> Iterator[Any]:
    for item in items:
        yield [item, ("a", item)] if "b" in str(item) else item


async def wait_for(item: Any) -> Any:
    return ("b", raise_some(item)) if "b" in str(item) else item


class Numbered:
    """Holds state that its iterators read when they are taken apart."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, item: Any) -> Any:
        self.count += 1
        return (f"{self.count}{part}" for part in (item,))


def number(items: Iterable[Any]) -> Iterator[Any]:
    yield "head"
    for count, item in enumerate(items, 1):
        yield f"{count} {item}"


def join_pairs(items: Iterable[Any]) -> Iterator[Any]:
    for first in items:
        yield f"{first}+{next(iter(items), 'alone')}"


def deduplicate(items: Iterable[Any]) -> Iterator[Any]:
    seen = set()
    for item in items:
        if str(item) not in seen:
            seen.add(str(item))
            yield item
            yield ("a", None)


def in_order(items: Iterable[Any]) -> list[Any]:
    return sorted(map(str, items))


def look_back(items: Iterable[Any]) -> Iterator[Any]:
    last = None
    for item in items:
        if last is not None:
            yield None if "a" in last else ("b", last)
        last = str(item)
    yield ("c", last)
    yield "lost", last


def first_few(items: Iterable[Any]) -> Iterator[Any]:
    for _, item in zip(range(3), items, strict=False):
        yield from (item, item)


def raise_in_stream(items: Iterable[Any]) -> Iterator[Any]:
    for count, item in enumerate(items):
        yield f"{count} {raise_some(item)}"


def count_tags(pairs: Iterable[tuple[str, Any]]) -> Iterator[Any]:
    for count, (tag, item) in enumerate(pairs):
        yield tag, f"{count}{tag}: {item}"
        yield ["b", "a"], f"{item}"


SPLITTABLE: list[tuple[Callable[..., Any], Mode]] = [
    *[
        (function, Mode.LINE)
        for function in (
            same,
            keep_some,
            tag_by_letter,
            tag_twice,
            tag_by_length,
            multiply,
            raise_some,
            raise_half_way,
            to_record,
            change_record,
            not_json,
        )
    ],
    (batch_upper, Mode.BATCH),
    (batch_mixed, Mode.BATCH),
    (wait_for, Mode.ASYNC),
]
STREAMS = [number, join_pairs, deduplicate, in_order, look_back, first_few, raise_in_stream, count_tags]
WHOLE: list[tuple[Callable[..., Any], Mode]] = [(Numbered, Mode.LINE), *((stream, Mode.STREAM) for stream in STREAMS)]


@st.composite
def pipelines(draw: st.DrawFn, palette: list[tuple[Callable[..., Any], Mode]]) -> Pipeline:
    """Small graphs: each node sends by some tags to some of those that stand after it, and to outputs."""
    count = draw(st.integers(1, 4))
    nodes = []
    for index in range(count):
        later = [f"n{other}" for other in range(index + 1, count)]
        ways = st.lists(st.sampled_from([*later, *later, "one", "two", "drop"]), min_size=1, max_size=3, unique=True).map(tuple)
        routes = draw(st.dictionaries(st.sampled_from(["a", "b", "c"]), ways))
        if not routes or draw(st.integers(0, 3)):  # else lines without a route are dead letters
            routes["*"] = draw(ways)
        if later and not any(later[0] in targets for targets in routes.values()):
            routes["*"] = (*routes.get("*", ()), later[0])
        processor, mode = draw(st.sampled_from(palette))
        nodes.append(
            Node(
                name=f"n{index}",
                use=processor.__name__,
                settings={},
                mode=mode,
                is_tagged=processor is count_tags,
                is_splittable=(processor, mode) in SPLITTABLE,
                build=Numbered if processor is Numbered else lambda processor=processor: processor,  # type: ignore[misc]
                routes=routes,
                on_error=draw(st.sampled_from(OnError)),
                max_yield=draw(st.sampled_from([2, 10_000, 10_000])),
            )
        )
    outputs = (Output("one", "one/{name}"), Output("two", "two/{name}"))
    return Pipeline("property", Path("/pipeline.yaml"), "", tuple(nodes), "n0", outputs)


lines_of_letters = st.lists(st.text("abcx", max_size=4), max_size=25) | st.lists(
    st.text("abcx", max_size=4), min_size=5, max_size=25
)


class Came:
    """All that came of the lines, so far."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.ledger = empty_ledger(pipeline)
        self.data = {output.name: b"" for output in pipeline.outputs}
        self.numbers: dict[str, list[int]] = {output.name: [] for output in pipeline.outputs}
        self.dead: list[DeadLetter] = []
        self.traces: list[Traced] = []

    def run(self, blocks: Iterable[list[str]]) -> Came:
        """Run these blocks as a span of their own, and add what came of it."""
        base = self.ledger.lines
        run = Run(self.pipeline, clock=lambda: 0.0, samples=range(1, 100))
        try:
            self._take(run.open(), base)
            for block in blocks:
                self._take(run.feed(block), base)
            for results in run.close():
                self._take(results, base)
        finally:
            run.abort()
        run.ledger.check("n0", {node.name: node.routes for node in self.pipeline.nodes})
        self.ledger.add(run.ledger)
        self.traces += [replace(line, number=line.number + base) for line in run.traces]
        return self

    def _take(self, results: Results, base: int) -> None:
        for name, rendered in results.outputs.items():
            self.data[name] += rendered.data
            self.numbers[name] += [number + base for number in rendered.numbers]
            assert len(rendered.numbers) == rendered.data.count(b"\n")
        for letter in results.dead:
            said = {**asdict(letter), "number": letter.number + base, "traceback": letter.traceback[-60:]}
            self.dead.append(DeadLetter(**said))

    def facts(self) -> tuple[Any, ...]:
        return self.data, self.numbers, self.dead, asdict(self.ledger), self.traces


def outcome(pipeline: Pipeline, *spans: list[list[str]]) -> tuple[Any, ...]:
    came = Came(pipeline)
    try:
        for blocks in spans:
            came.run(blocks)
    except ProcessorFailed as failure:
        return ("failed", str(failure))
    return came.facts()


def cut(lines: list[str], sizes: list[int]) -> list[list[str]]:
    """Cut lines into blocks of these sizes, and the rest into one."""
    ends = [*accumulate(sizes), len(lines)]
    return [lines[start:end] for start, end in pairwise([0, *ends]) if lines[start:end]]


sizes_of_blocks = st.lists(st.integers(1, 8), max_size=12)


@settings(max_examples=200)
@given(pipeline=pipelines(SPLITTABLE + WHOLE), lines=lines_of_letters, sizes=sizes_of_blocks)
def test_blocks_cut_anywhere_give_the_same(pipeline, lines, sizes):
    whole = outcome(pipeline, [lines] if lines else [])
    assert outcome(pipeline, cut(lines, sizes)) == whole
    assert outcome(pipeline, [[line] for line in lines]) == whole


@pytest.mark.slow
@settings(max_examples=200)
@given(pipeline=pipelines(SPLITTABLE + WHOLE), lines=lines_of_letters)
def test_the_ways_of_all_lines_are_what_the_ledger_counts(pipeline, lines):
    came = Came(pipeline)
    try:
        came.run([lines] if lines else [])
    except ProcessorFailed:
        return
    assert [line.text for line in came.traces] == lines
    streams_said_something_first = any(node.mode is Mode.STREAM for node in pipeline.nodes)  # that is of no line
    counts = {name: one.came for name, one in came.ledger.outputs.items()}
    counts |= {name: one.came + sum(one.gave.values()) for name, one in came.ledger.nodes.items()}
    for place, count in counts.items():
        steps = [step for line in came.traces for step in line.steps if step.place == place]
        traced = sum(len(step.came) + len(step.gave) + step.more for step in steps)
        assert traced == count or (traced < count and streams_said_something_first)


@settings(max_examples=100)
@given(pipeline=pipelines(SPLITTABLE), lines=lines_of_letters, sizes=sizes_of_blocks)
def test_spans_cut_anywhere_add_up_to_the_same(pipeline, lines, sizes):
    spans = [[span] for span in cut(lines, sizes)]
    assert outcome(pipeline, *spans) == outcome(pipeline, [lines] if lines else [])


def test_an_empty_file_has_nothing_to_count():
    pipeline = Pipeline("empty", Path("/pipeline.yaml"), "", (), "n0", ())
    assert Came(pipeline).ledger == Ledger()

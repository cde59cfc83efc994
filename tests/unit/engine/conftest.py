"""What the tests of the engine share: nodes and pipelines made by hand, and a run of some lines to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from linemill.engine import DeadLetter, Ledger, Results, Run, Watch
from linemill.pipeline import Mode, Node, Output, Pipeline


@dataclass
class Went:
    """What became of some lines.

    Attributes:
        outputs: Every output's lines, each with the number of the line that it came from.
        dead: The dead letters.
        ledger: The counts.
    """

    ledger: Ledger
    outputs: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    dead: list[DeadLetter] = field(default_factory=list)

    def take(self, results: Results) -> None:
        for name, rendered in results.outputs.items():
            lines = rendered.data.decode("utf-8", "surrogateescape").split("\n")
            assert lines.pop() == "", "an output ends in a newline"
            self.outputs.setdefault(name, []).extend(zip(rendered.numbers, lines, strict=True))
        self.dead += results.dead

    def lines(self, output: str = "out") -> list[str]:
        return [line for _, line in self.outputs.get(output, [])]

    def numbers(self, output: str = "out") -> list[int]:
        return [number for number, _ in self.outputs.get(output, [])]

    def whys(self) -> list[tuple[int, str, str]]:
        """Tell every dead letter's line number, node and code."""
        return [(letter.number, letter.node, letter.code.value) for letter in self.dead]


@pytest.fixture(scope="session")
def make_node() -> Callable[..., Node]:
    """A node around a processor that is called as it is, for every run the same; all it gives goes to `to`."""

    def make(
        processor: Callable[..., Any],
        mode: Mode | str = Mode.LINE,
        *,
        name: str = "node",
        to: str | Mapping[str, str | Sequence[str]] = "out",
        build: Callable[[], Callable[..., Any]] | None = None,
        **others: Any,
    ) -> Node:
        mode = Mode(mode)
        routes = {"*": to} if isinstance(to, str) else to
        return Node(
            name=name,
            use=f"tests:{name}",
            settings={},
            mode=mode,
            build=build or (lambda: processor),
            routes={tag: (targets,) if isinstance(targets, str) else tuple(targets) for tag, targets in routes.items()},
            **{"is_tagged": False, "is_splittable": mode is not Mode.STREAM, **others},
        )

    return make


@pytest.fixture(scope="session")
def make_pipeline() -> Callable[..., Pipeline]:
    """A pipeline of these nodes; every target that is no node is an output."""

    def make(*nodes: Node) -> Pipeline:
        names = {node.name for node in nodes} | {"drop"}
        targets = {target: None for node in nodes for ways in node.routes.values() for target in ways if target not in names}
        outputs = tuple(Output(name, f"out/{name}/{{name}}") for name in targets)
        return Pipeline("tests", Path("/pipeline.yaml"), "", nodes, nodes[0].name, outputs)

    return make


@pytest.fixture(scope="session")
def run_lines(make_pipeline: Callable[..., Pipeline]) -> Callable[..., Went]:
    """Take lines through nodes, cut into blocks of `size` lines; the ledger is checked, the run let go of."""

    def go(nodes: Node | Sequence[Node], lines: Sequence[str], size: int = 1000, watch: Watch | None = None) -> Went:
        pipeline = make_pipeline(*([nodes] if isinstance(nodes, Node) else nodes))
        ticks: Iterator[int] = iter(range(10**9))
        run = Run(pipeline, clock=lambda: next(ticks), watch=watch)
        went = Went(run.ledger)
        try:
            went.take(run.open())
            for start in range(0, len(lines), size):
                went.take(run.feed(list(lines[start : start + size])))
            for results in run.close():
                went.take(results)
        finally:
            run.abort()
        run.ledger.check(pipeline.entry, {node.name: node.routes for node in pipeline.nodes})
        assert run.ledger.dead == len(went.dead)
        return went

    return go

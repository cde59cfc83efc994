"""The ledger of one attempt: what came into and out of every node, and what each output holds.

Filled by the engine block by block, added up over spans, checked before anything is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from linemill.errors import InvariantBroken

UNTAGGED = ""
"""Stands in counts for items that a processor gave without a tag."""


@dataclass(slots=True)
class NodeCounts:
    """What one node did.

    Attributes:
        came: Items that came in.
        gave: Items that went out, by the tag that the processor gave (`UNTAGGED` for none).
        sent: Items that went out, by target: a node, an output or `drop`. Fan-out counts once for each target.
        filtered: Items that came in and gave nothing.
        dead: Items that came in and became dead letters here.
        unrouted: Items that this node gave, with a tag that has no route: dead letters, too.
        resumed: Items that came in here alone, and were sent by no node: dead letters that are taken again.
        restarts: How often a stream was called again after it raised.
        seconds: Time in the node, in seconds.
    """

    came: int = 0
    gave: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    filtered: int = 0
    dead: int = 0
    unrouted: int = 0
    restarts: int = 0
    resumed: int = 0
    seconds: float = 0.0

    def add(self, other: NodeCounts) -> None:
        """Add what the same node did elsewhere (another span)."""
        self.came += other.came
        self.filtered += other.filtered
        self.dead += other.dead
        self.unrouted += other.unrouted
        self.restarts += other.restarts
        self.resumed += other.resumed
        self.seconds += other.seconds
        for mine, theirs in ((self.gave, other.gave), (self.sent, other.sent)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count


@dataclass(slots=True)
class OutputCounts:
    """What one output got.

    Attributes:
        came: Items that arrived.
        dead: Items that arrived and could not be written (JSON cannot say them): dead letters.
        lines: Lines written; more than items where text holds newlines.
        bytes: Bytes written.
    """

    came: int = 0
    dead: int = 0
    lines: int = 0
    bytes: int = 0

    def add(self, other: OutputCounts) -> None:
        """Add what the same output got elsewhere (another span)."""
        self.came += other.came
        self.dead += other.dead
        self.lines += other.lines
        self.bytes += other.bytes


@dataclass(slots=True)
class Ledger:
    """Counts of one file, or of one span of it.

    Attributes:
        lines: Lines read.
        too_long: Lines read that were longer than `max_line`: dead letters before any node.
        nodes: By node name, in topological order.
        outputs: By output name, in the pipeline's order.
    """

    lines: int = 0
    too_long: int = 0
    nodes: dict[str, NodeCounts] = field(default_factory=dict)
    outputs: dict[str, OutputCounts] = field(default_factory=dict)

    @property
    def dead(self) -> int:
        """All dead letters."""
        return (
            self.too_long
            + sum(node.dead + node.unrouted for node in self.nodes.values())
            + sum(output.dead for output in self.outputs.values())
        )

    def add(self, other: Ledger) -> None:
        """Add the ledger of another span of the same file, made by the same pipeline."""
        self.lines += other.lines
        self.too_long += other.too_long
        for name, node in other.nodes.items():
            self.nodes.setdefault(name, NodeCounts()).add(node)
        for name, output in other.outputs.items():
            self.outputs.setdefault(name, OutputCounts()).add(output)

    def check(self, entry: str, splits: Mapping[str, Mapping[str, tuple[str, ...]]]) -> None:
        """Hold that counts agree along every route.

        Args:
            entry: The node that lines enter by.
            splits: For every node, its routes: tag to targets.

        Raises:
            InvariantBroken: Something was lost or counted twice; names the place and both counts.
        """
        arrived: dict[str, int] = {entry: self.lines - self.too_long}
        for name, node in self.nodes.items():
            for target, count in node.sent.items():
                arrived[target] = arrived.get(target, 0) + count
            routed = sum(count * _ways(splits[name], tag) for tag, count in node.gave.items())
            _agree(f"what node {name!r} sent", sum(node.sent.values()), routed)
            _agree(
                f"what node {name!r} has no route for",
                node.unrouted,
                sum(n for tag, n in node.gave.items() if not _ways(splits[name], tag)),
            )
        for name, node in self.nodes.items():
            _agree(f"what came into node {name!r}", node.came, arrived.get(name, 0) + node.resumed)
        for name, output in self.outputs.items():
            _agree(f"what came to output {name!r}", output.came, arrived.get(name, 0))


def _ways(routes: Mapping[str, tuple[str, ...]], tag: str) -> int:
    return len(routes.get(tag) or routes.get("*") or ())


def _agree(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise InvariantBroken(f"{what}: {found} items counted, {expected} expected from the other side", "ledger")

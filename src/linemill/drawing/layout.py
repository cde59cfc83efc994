"""Where the boxes of a drawing stand: in columns from left to right, with few crossings and short ways.

The method is the usual one for layered graphs (Sugiyama, Tagawa, Toda 1981): a column for each step of the longest way
from the start; a way across several columns gets a waypoint in each; the order inside a column follows the neighbors,
swept back and forth; the heights are the closest to the neighbors' that keep boxes apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 12
"""Rounds of ordering and of moving; the drawings of real pipelines stand still after four."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much room something takes, in pixels."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Way:
    """An arrow from one box to another; `label_width` is the room that its label needs, in pixels."""

    source: str
    target: str
    label_width: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box or a waypoint stands: its left edge and its middle, in pixels."""

    left: float
    middle: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width


@dataclass(frozen=True, slots=True)
class Layout:
    """A finished layout.

    Attributes:
        places: Of every box, by name.
        waypoints: Of every way that crosses columns, by its number: a place in each column between.
        width: Of the whole, in pixels.
        height: Of the whole, in pixels.
    """

    places: Mapping[str, Place]
    waypoints: Mapping[int, tuple[Place, ...]]
    width: float
    height: float


def arrange(sizes: Mapping[str, Size], ways: Sequence[Way], *, gap: float, column_gap: float, way_height: float = 10) -> Layout:
    """Lay out an acyclic graph.

    Args:
        sizes: Every box; each but the first is reached by a way, and stands after all boxes that lead to it.
        ways: All arrows.
        gap: Least room between two boxes of a column.
        column_gap: Room between two columns, beside that for the labels there.
        way_height: Room for a way that crosses a column.
    """
    column_of = _columns(sizes, ways)
    room = dict(sizes)
    chains: list[list[str]] = []
    for number, way in enumerate(ways):
        between = [f"\0{number}\0{column}" for column in range(column_of[way.source] + 1, column_of[way.target])]
        for point in between:
            column_of[point] = column_of[way.source] + 1 + between.index(point)
            room[point] = Size(0, way_height)
        chains.append([way.source, *between, way.target])
    steps = [step for chain in chains for step in pairwise(chain)]
    columns = _ordered(column_of, steps)
    middles = _heights(columns, room, steps, gap)
    top = min(middles[name] - room[name].height / 2 for name in room)

    places: dict[str, Place] = {}
    left = 0.0
    for index, column in enumerate(columns):
        width = max(room[name].width for name in column)
        for name in column:
            is_box = name in sizes
            places[name] = Place(left, middles[name] - top, sizes[name].width if is_box else width, room[name].height)
        labels = [way.label_width for way in ways if column_of[way.source] == index]
        left += width + column_gap + max(labels, default=0.0)
    return Layout(
        places={name: places[name] for name in sizes},
        waypoints={number: tuple(places[name] for name in chain[1:-1]) for number, chain in enumerate(chains)},
        width=max(place.right for place in places.values()),
        height=max(place.middle + place.height / 2 for place in places.values()),
    )


def _columns(names: Mapping[str, Size], ways: Sequence[Way]) -> dict[str, int]:
    column_of = dict.fromkeys(names, 0)
    for name in names:
        for way in ways:
            if way.source == name:
                column_of[way.target] = max(column_of[way.target], column_of[name] + 1)
    return column_of


def _ordered(column_of: Mapping[str, int], steps: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Order each column so that few steps cross; the first order that is best stays."""
    columns: list[list[str]] = [[] for _ in range(max(column_of.values()) + 1)]
    seen: set[str] = set()

    def visit(name: str) -> None:
        if name not in seen:
            seen.add(name)
            columns[column_of[name]].append(name)
            for source, target in steps:
                if source == name:
                    visit(target)

    for name in column_of:
        visit(name)
    best, fewest = [list(column) for column in columns], _crossings(columns, steps)
    for sweep in range(SWEEPS):
        is_forth = sweep % 2 == 0
        neighbors: dict[str, list[str]] = {name: [] for name in column_of}
        for source, target in steps:
            neighbors[target if is_forth else source].append(source if is_forth else target)
        for column in columns if is_forth else reversed(columns):
            rank = {name: index for other in columns for index, name in enumerate(other)}
            weight = {name: _mean([rank[other] for other in neighbors[name]], rank[name]) for name in column}
            column.sort(key=lambda name, weight=weight: weight[name])  # type: ignore[misc]
        crossings = _crossings(columns, steps)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    return best


def _crossings(columns: Sequence[Sequence[str]], steps: Sequence[tuple[str, str]]) -> int:
    rank = {name: (index, order) for index, column in enumerate(columns) for order, name in enumerate(column)}
    ends = [(rank[source], rank[target]) for source, target in steps]
    return sum(
        1
        for number, (source, target) in enumerate(ends)
        for other_source, other_target in ends[:number]
        if source[0] == other_source[0] and (source[1] - other_source[1]) * (target[1] - other_target[1]) < 0
    )


def _heights(
    columns: Sequence[Sequence[str]], room: Mapping[str, Size], steps: Sequence[tuple[str, str]], gap: float
) -> dict[str, float]:
    """Bring everything as near to the height of its neighbors as the order and the gaps allow."""
    middles: dict[str, float] = {}
    for column in columns:
        apart = _apart(column, room, gap)
        for name, offset in zip(column, apart, strict=True):
            middles[name] = offset - apart[-1] / 2
    before: dict[str, list[str]] = {name: [] for name in room}
    after: dict[str, list[str]] = {name: [] for name in room}
    for source, target in steps:
        before[target].append(source)
        after[source].append(target)
    for sweep in range(SWEEPS):
        neighbors = before if sweep % 2 else after
        for column in columns if sweep % 2 else reversed(columns):
            wanted = [_mean([middles[other] for other in neighbors[name]], middles[name]) for name in column]
            middles.update(zip(column, _kept_apart(wanted, _apart(column, room, gap)), strict=True))
    return middles


def _apart(column: Sequence[str], room: Mapping[str, Size], gap: float) -> list[float]:
    """Least distance of each middle from the first one's."""
    offsets = [0.0]
    for upper, lower in pairwise(column):
        offsets.append(offsets[-1] + (room[upper].height + room[lower].height) / 2 + gap)
    return offsets


def _kept_apart(wanted: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """Find the heights nearest to the wanted ones that keep the distances: isotonic regression by pooling neighbors."""
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        value, size = want - offset, 1
        while pools and pools[-1][0] > value:
            other, other_size = pools.pop()
            value, size = (value * size + other * other_size) / (size + other_size), size + other_size
        pools.append((value, size))
    values = [value for value, size in pools for _ in range(size)]
    return [value + offset for value, offset in zip(values, offsets, strict=True)]


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default

"""Where the arrows of a drawing run, and where their labels stand: geometry only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from linemill.drawing.layout import Layout, Way


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow as it is drawn, in pixels.

    Attributes:
        path: Its line, as SVG path data; it ends where the head begins.
        tip: The point of its head.
        label: The middle of its label; None for a way that needs none.
    """

    path: str
    tip: tuple[float, float]
    label: tuple[float, float] | None

    @property
    def head(self) -> str:
        """Its head, as SVG path data."""
        return f"M{self.tip[0]:.1f} {self.tip[1]:.1f}l-9 -4.5v9z"


def arrows(layout: Layout, ways: Sequence[Way], *, label_height: float) -> list[Arrow]:
    """Run an arrow along each way; labels are kept from standing on each other where there is room.

    Args:
        layout: Where the boxes stand.
        ways: The same as the layout was made for.
        label_height: Room that a label needs, in pixels.
    """
    leaving, arriving = _ports(layout, ways)
    drawn: list[Arrow] = []
    taken: list[tuple[float, float, float]] = []
    for number, way in enumerate(ways):
        source, target = layout.places[way.source], layout.places[way.target]
        start, end = (source.right, leaving[number]), (target.left, arriving[number])
        stops = [(point.left, point.right, point.middle) for point in layout.waypoints[number]]
        x, y = start
        path = f"M{x:.1f} {y:.1f}"
        # The head is drawn apart from the line, so that it has the line's color in light and in dark.
        for left, right, middle in [*stops, (end[0] - 7, end[0] - 7, end[1])]:
            bend = (x + left) / 2
            path += f"C{bend:.1f} {y:.1f} {bend:.1f} {middle:.1f} {left:.1f} {middle:.1f}"
            if right > left:
                path += f"H{right:.1f}"
            x, y = right, middle
        label = None
        if way.label_width:
            first = stops[0] if stops else (end[0] - 7, end[0], end[1])
            label = _label_place(start, (first[0], first[2]), way.label_width, label_height, taken)
            taken.append((*label, way.label_width))
        drawn.append(Arrow(path, end, label))
    return drawn


def _ports(layout: Layout, ways: Sequence[Way]) -> tuple[dict[int, float], dict[int, float]]:
    """Spread the ends of the arrows over the sides of the boxes, in the order of what is at their other ends."""
    leaving: dict[str, list[tuple[float, int]]] = defaultdict(list)
    arriving: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for number, way in enumerate(ways):
        points = layout.waypoints[number]
        leaving[way.source].append(((points[0] if points else layout.places[way.target]).middle, number))
        arriving[way.target].append(((points[-1] if points else layout.places[way.source]).middle, number))

    def spread(ends: dict[str, list[tuple[float, int]]]) -> dict[int, float]:
        heights = {}
        for name, found in ends.items():
            place = layout.places[name]
            step = min(12.0, (place.height - 16) / max(1, len(found) - 1))
            for order, (_, number) in enumerate(sorted(found)):
                heights[number] = place.middle + (order - (len(found) - 1) / 2) * step
        return heights

    return spread(leaving), spread(arriving)


def _label_place(
    start: tuple[float, float], end: tuple[float, float], width: float, height: float, taken: list[tuple[float, float, float]]
) -> tuple[float, float]:
    """Find a place on the curve where no other label stands: the middle, or the nearest to it; else where there is most room."""

    def room(place: tuple[float, float]) -> float:
        """Tell how far the nearest label above or below is; `height` is far enough."""
        beside = [other for other in taken if abs(place[0] - other[0]) <= (width + other[2]) / 2 + 4]
        return min([height, *(abs(place[1] - other[1]) for other in beside)])

    return max((_on_curve(start, end, along) for along in (0.5, 0.62, 0.38, 0.74, 0.26)), key=room)


def _on_curve(start: tuple[float, float], end: tuple[float, float], along: float) -> tuple[float, float]:
    """Give the point of the arrow's curve at a share of its way: the ends are level, the bends half-way across."""
    bend = (start[0] + end[0]) / 2
    back = 1 - along
    ends = (back**3, 3 * back**2 * along, 3 * back * along**2, along**3)
    x = ends[0] * start[0] + (ends[1] + ends[2]) * bend + ends[3] * end[0]
    y = (ends[0] + ends[1]) * start[1] + (ends[2] + ends[3]) * end[1]
    return x, y

"""A pipeline as an SVG picture, readable in light and in dark."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from html import escape

from linemill.drawing.layout import Layout, Place, Size, Way, arrange
from linemill.drawing.links import kind, links
from linemill.files.names import harmless
from linemill.pipeline import DROP, Pipeline

MARGIN = 24
PADDING = 14
LONGEST_TEXT = 44
"""Longer names and paths are shortened in the middle; the whole text stands in the box's title."""

START = "\0start"
"""Name of the box for the file in the drawing; no node can have it."""

STYLE = """
  .ground { fill: #ffffff; }
  text { font-family: ui-sans-serif, system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: #1c2430; }
  .name { font-size: 14px; font-weight: 600; }
  .detail { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 11px; }
  .detail, .small { fill: #5a6675; }
  .kind { font-size: 10px; font-weight: 600; text-anchor: middle; }
  .small { font-size: 12px; text-anchor: middle; }
  .label { font-size: 11.5px; text-anchor: middle; fill: #33404f; }
  .label { stroke: #ffffff; stroke-width: 5px; stroke-linejoin: round; paint-order: stroke; }
  .box { fill: #f5f8fc; stroke: #9fb0c3; stroke-width: 1.2; }
  .output .box { fill: #eef8f1; stroke: #7fb793; }
  .output .fold { fill: #cfe8d7; stroke: #7fb793; stroke-width: 1.2; stroke-linejoin: round; }
  .end .box { fill: none; stroke: #a9b3bf; stroke-dasharray: 4 3; }
  .start .box { fill: #e8edf3; stroke: #9fb0c3; }
  .way { fill: none; stroke: #8695a6; stroke-width: 1.5; }
  .head { fill: #8695a6; }
  .pill { fill: #dfe8f3; } .kind { fill: #3b5573; }
  .stream .pill { fill: #efe3f8; } .stream .kind { fill: #6b3f8f; }
  .batch .pill { fill: #fdecd2; } .batch .kind { fill: #8a5a0b; }
  .async .pill { fill: #d9f2f0; } .async .kind { fill: #14655f; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #12161c; }
    text { fill: #e6ebf1; }
    .detail, .small { fill: #9aa7b5; }
    .label { fill: #c6d0da; stroke: #12161c; }
    .box { fill: #1b222b; stroke: #4a5a6c; }
    .output .box { fill: #16261d; stroke: #3f7a55; }
    .output .fold { fill: #27493a; stroke: #3f7a55; }
    .end .box { fill: none; stroke: #5b6876; }
    .start .box { fill: #232c37; stroke: #4a5a6c; }
    .way { stroke: #6d7d8e; }
    .head { fill: #6d7d8e; }
    .pill { fill: #26384d; } .kind { fill: #a9c7ea; }
    .stream .pill { fill: #3a2850; } .stream .kind { fill: #d3b5ee; }
    .batch .pill { fill: #4a3716; } .batch .kind { fill: #f0c987; }
    .async .pill { fill: #143d3a; } .async .kind { fill: #8edcd4; }
  }
"""


@dataclass(frozen=True, slots=True)
class _Box:
    """What one box shows; `looks` are its classes in the style."""

    looks: str
    name: str
    detail: str = ""
    kind: str = ""

    @property
    def size(self) -> Size:
        if not self.detail:
            return Size(_width(self.name, 12) + 2 * PADDING, 28)
        first = _width(_short(self.name), 14, 0.62) + (self.pill_width + 10 if self.kind else 14)
        return Size(max(first, _width(_short(self.detail), 11, 0.605)) + 2 * PADDING, 54)

    @property
    def pill_width(self) -> float:
        return _width(self.kind, 10, 0.6) + 12


def svg(pipeline: Pipeline) -> str:
    """Draw the pipeline as a picture that needs nothing else: no fonts, no scripts, no links.

    All text is escaped: names of nodes, processors and outputs, tags and paths are shown, never read as markup.
    """
    boxes = {START: _Box("start", "each line of a file")}
    boxes |= {node.name: _Box(f"node {node.mode.value}", node.name, node.use, kind(node)) for node in pipeline.nodes}
    boxes |= {output.name: _Box("output", output.name, output.path) for output in pipeline.outputs}
    ways = [Way(START, pipeline.entry)]
    labels = [""]
    for node in pipeline.nodes:
        for link in links(node):
            target = link.target
            if target == DROP:
                # Every node that drops lines has a drop of its own: one for all would draw arrows across everything.
                target = f"\0drop\0{node.name}"
                boxes[target] = _Box("end", "dropped")
            ways.append(Way(node.name, target, _width(_short(link.label), 11.5)))
            labels.append(link.label)
    layout = arrange({name: box.size for name, box in boxes.items()}, ways, gap=22, column_gap=64)
    drawn = [*_ways(layout, ways, labels), *(_box(boxes[name], place) for name, place in layout.places.items())]
    title = escape(f"The pipeline {harmless(pipeline.name)}")
    width, height = round(layout.width + 2 * MARGIN), round(layout.height + 2 * MARGIN)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label="{title}">\n<title>{title}</title>\n<style>{STYLE}</style>\n'
        f'<rect class="ground" width="100%" height="100%"/>\n<g transform="translate({MARGIN} {MARGIN})">\n'
        + "\n".join(drawn)
        + "\n</g>\n</svg>\n"
    )


def _box(box: _Box, place: Place) -> str:
    left, top, width, height = place.left, place.middle - place.height / 2, place.width, place.height
    right, bottom = left + width, top + height
    if not box.detail:
        parts = [_rect("box", left, top, width, height, 14), _text("small", left + width / 2, place.middle + 4, box.name)]
        return f'<g class="{box.looks}">{"".join(parts)}</g>'
    if box.kind:
        pill_left = right - box.pill_width - 10
        shape = [
            _rect("box", left, top, width, height, 8),
            _rect("pill", pill_left, top + 9, box.pill_width, 16, 8),
            _text("kind", pill_left + box.pill_width / 2, top + 20.5, box.kind),
        ]
    else:  # a sheet of paper with its corner folded
        edge, below = right - 13, top + 13
        shape = [
            f'<path class="box" d="M{left:.1f} {top:.1f}H{edge:.1f}L{right:.1f} {below:.1f}V{bottom:.1f}H{left:.1f}Z"/>',
            f'<path class="fold" d="M{edge:.1f} {top:.1f}V{below:.1f}H{right:.1f}Z"/>',
        ]
    parts = [
        f"<title>{escape(harmless(box.name))}: {escape(harmless(box.detail))}</title>",
        *shape,
        _text("name", left + PADDING, top + 23, _short(box.name)),
        _text("detail", left + PADDING, top + 41, _short(box.detail)),
    ]
    return f'<g class="{box.looks}">{"".join(parts)}</g>'


def _rect(looks: str, left: float, top: float, width: float, height: float, radius: int) -> str:
    return f'<rect class="{looks}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius}"/>'


def _text(looks: str, x: float, y: float, text: str) -> str:
    return f'<text class="{looks}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _ways(layout: Layout, ways: list[Way], labels: list[str]) -> list[str]:
    """Draw the arrows, then their labels on top of all arrows."""
    leaving, arriving = _ports(layout, ways)
    lines: list[str] = []
    texts: list[str] = []
    taken: list[tuple[float, float, float]] = []
    for number, (way, label) in enumerate(zip(ways, labels, strict=True)):
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
        lines.append(f'<path class="way" d="{path}"/><path class="head" d="M{end[0]:.1f} {end[1]:.1f}l-9 -4.5v9z"/>')
        if label:
            first = stops[0] if stops else (end[0] - 7, end[0], end[1])
            at_x, at_y = _label_place(start, (first[0], first[2]), way.label_width, taken)
            taken.append((at_x, at_y, way.label_width))
            texts.append(_text("label", at_x, at_y + 4, _short(label)))
    return lines + texts


def _ports(layout: Layout, ways: list[Way]) -> tuple[dict[int, float], dict[int, float]]:
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
    start: tuple[float, float], end: tuple[float, float], width: float, taken: list[tuple[float, float, float]]
) -> tuple[float, float]:
    """Find a place on the curve where no other label stands: the middle, or the nearest to it."""
    places = [_on_curve(start, end, along) for along in (0.5, 0.62, 0.38, 0.74, 0.26)]
    for x, y in places:
        if all(
            abs(x - other_x) > (width + other_width) / 2 + 4 or abs(y - other_y) > 14 for other_x, other_y, other_width in taken
        ):
            return x, y
    return places[0]


def _on_curve(start: tuple[float, float], end: tuple[float, float], along: float) -> tuple[float, float]:
    """Give the point of the arrow's curve at a share of its way: the ends are level, the bends half-way across."""
    bend = (start[0] + end[0]) / 2
    back = 1 - along
    ends = (back**3, 3 * back**2 * along, 3 * back * along**2, along**3)
    x = ends[0] * start[0] + (ends[1] + ends[2]) * bend + ends[3] * end[0]
    y = (ends[0] + ends[1]) * start[1] + (ends[2] + ends[3]) * end[1]
    return x, y


def _short(text: str) -> str:
    text = harmless(text)
    if len(text) <= LONGEST_TEXT:
        return text
    half = LONGEST_TEXT // 2
    return f"{text[: half - 1]}…{text[-half:]}"


def _width(text: str, font_size: float, share: float = 0.56) -> float:
    """Estimate the width of text; `share` is that of a common character, wide ones (CJK, emoji) take a whole em."""
    return sum(font_size if unicodedata.east_asian_width(char) in "WF" else font_size * share for char in text)

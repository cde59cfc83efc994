"""A pipeline as an SVG picture, readable in light and in dark."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from linemill.drawing.arrows import arrows
from linemill.drawing.layout import Place, Size, Way, arrange
from linemill.drawing.links import START, kind, routes
from linemill.drawing.marking import label, rectangle, short, width_of
from linemill.files.names import harmless
from linemill.pipeline import Pipeline

MARGIN = 24
PADDING = 14
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
            return Size(width_of(self.name, 12) + 2 * PADDING, 28)
        first = width_of(short(self.name), 14, 0.62) + (self.pill_width + 10 if self.kind else 14)
        return Size(max(first, width_of(short(self.detail), 11, 0.605)) + 2 * PADDING, 54)

    @property
    def pill_width(self) -> float:
        return width_of(self.kind, 10, 0.6) + 12


def svg(pipeline: Pipeline) -> str:
    """Draw the pipeline as a picture that needs nothing else: no fonts, no scripts, no links.

    All text is escaped: names of nodes, processors and outputs, tags and paths are shown, never read as markup.
    """
    boxes = {START: _Box("start", "each line of a file")}
    boxes |= {node.name: _Box(f"node {node.mode.value}", node.name, node.use, kind(node)) for node in pipeline.nodes}
    boxes |= {output.name: _Box("output", output.name, output.path) for output in pipeline.outputs}
    found = routes(pipeline)
    boxes |= {route.box: _Box("end", "dropped") for route in found if route.is_drop}
    ways = [Way(route.source, route.box, width_of(short(route.link.label), 11.5)) for route in found]
    layout = arrange({name: box.size for name, box in boxes.items()}, ways, gap=22, column_gap=64)
    run = arrows(layout, ways, label_height=14)
    # Labels stand on top of all arrows.
    drawn = [f'<path class="way" d="{arrow.path}"/><path class="head" d="{arrow.head}"/>' for arrow in run]
    drawn += [
        label("label", arrow.label[0], arrow.label[1] + 4, short(route.link.label))
        for arrow, route in zip(run, found, strict=True)
        if arrow.label is not None
    ]
    drawn += [_box(boxes[name], place) for name, place in layout.places.items()]
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
        parts = [rectangle("box", left, top, width, height, 14), label("small", left + width / 2, place.middle + 4, box.name)]
        return f'<g class="{box.looks}">{"".join(parts)}</g>'
    if box.kind:
        pill_left = right - box.pill_width - 10
        shape = [
            rectangle("box", left, top, width, height, 8),
            rectangle("pill", pill_left, top + 9, box.pill_width, 16, 8),
            label("kind", pill_left + box.pill_width / 2, top + 20.5, box.kind),
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
        label("name", left + PADDING, top + 23, short(box.name)),
        label("detail", left + PADDING, top + 41, short(box.detail)),
    ]
    return f'<g class="{box.looks}">{"".join(parts)}</g>'

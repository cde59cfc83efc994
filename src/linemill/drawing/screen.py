"""A pipeline as it is drawn within a page: links, figures and states instead of import paths; style and script are the page's.

Where everything stands depends on the pipeline alone, so nothing moves when figures change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

from linemill.drawing.arrows import Arrow, arrows
from linemill.drawing.layout import Layout, Place, Size, Way, arrange
from linemill.drawing.links import START, Route, kind, routes
from linemill.drawing.marking import label, rectangle, short, width_of
from linemill.files.names import harmless
from linemill.pipeline import Node, Output, Pipeline

MARGIN = 10
PADDING = 11
NODE_WIDTH = 132
OUTPUT_WIDTH = 112
SMALL_WIDTH = 76
HEIGHT = 58
LONGEST_NAME = 22
LABEL_WIDTH = 46
"""Room on an arrow for a count and a rate, in pixels."""

SKETCHED = 0.17
"""The size of a sketch, as a share of the drawing's."""

_TENTHS = re.compile(r"\.\d")

WIDEST = 1700
"""A wider drawing is not made narrower to fit, since nobody could read it; it scrolls."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What stands in a box or beside an arrow, as text.

    Attributes:
        count: How many have come.
        rate: How many come by the second; empty if none do.
        dead: How many died there; empty if none did.
        state: `ok`, `errors`, `stalled` or `idle`.
    """

    count: str = ""
    rate: str = ""
    dead: str = ""
    state: str = "idle"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a drawing shows of a pipeline.

    Attributes:
        nodes: Figures of nodes.
        routes: Figures of routes, by source and target.
        outputs: Figures of outputs.
        start: Figures of what comes in.
        visited: Only what a line has visited is drawn in full, the rest faintly; None if this is not about a line.
        said: How the page writes a name, here and wherever else it stands.
    """

    nodes: Mapping[str, Figures] = field(default_factory=dict)
    routes: Mapping[tuple[str, str], Figures] = field(default_factory=dict)
    outputs: Mapping[str, Figures] = field(default_factory=dict)
    start: Figures = Figures()
    visited: Collection[str] | None = None
    said: Callable[[str], str] = harmless


class Plan:
    """Where the boxes and arrows of a pipeline stand on a page; worked out once, drawn as often as figures change."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._routes = routes(pipeline)
        sizes = {START: Size(SMALL_WIDTH, HEIGHT)}
        sizes |= {node.name: Size(max(NODE_WIDTH, _node_width(node)), HEIGHT) for node in pipeline.nodes}
        sizes |= {output.name: Size(max(OUTPUT_WIDTH, _name_width(output.name) + 16), HEIGHT) for output in pipeline.outputs}
        sizes |= {route.box: Size(SMALL_WIDTH, 28) for route in self._routes if route.is_drop}
        ways = [
            Way(route.source, route.box, 0 if route.source == START else max(LABEL_WIDTH, width_of(_tags(route), 11)))
            for route in self._routes
        ]
        self._layout: Layout = arrange(sizes, ways, gap=30, column_gap=26, way_height=34)
        self._arrows: list[Arrow] = arrows(self._layout, ways, label_height=38)

    def draw(self, scene: Scene) -> str:
        """Draw the plan with the figures of the moment; markup that is safe to put into a page."""
        width, height = round(self._layout.width + 2 * MARGIN), round(self._layout.height + 2 * MARGIN)
        looks = f"pipeline{' wide' if width > WIDEST else ''}{' way-of' if scene.visited is not None else ''}"
        places = self._layout.places
        nodes = {node.name: node for node in self.pipeline.nodes}
        outputs = {output.name: output for output in self.pipeline.outputs}
        drawn = [_arrow(route, arrow, scene) for route, arrow in zip(self._routes, self._arrows, strict=True)]
        for name, place in places.items():
            if name in nodes:
                drawn.append(_node(nodes[name], place, scene))
            elif name in outputs:
                drawn.append(_output(outputs[name], place, scene))
            elif name == START:
                drawn.append(_start(place, scene))
            else:
                drawn.append(f'<g class="end">{_shape(place)}{_middle("small", place, 4, "dropped")}</g>')
        title = escape(f"The pipeline {short(self.pipeline.name)}")
        return (
            f'<svg class="{looks}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group"'
            f' aria-label="{title}">\n<g transform="translate({MARGIN} {MARGIN})">\n' + "\n".join(drawn) + "\n</g>\n</svg>"
        )

    def sketch(self, scene: Scene) -> str:
        """Draw the plan small and without words: what was visited, at a glance, in a list of many lines."""
        width, height = round(self._layout.width + 2 * MARGIN), round(self._layout.height + 2 * MARGIN)
        visited = {START, *(scene.visited or ())}

        def looks(*names: str) -> str:
            return "" if {name if name == START else scene.said(name) for name in names} <= visited else ' class="faint"'

        drawn = [
            f'<path{looks(route.source, route.link.target)} d="{_TENTHS.sub("", arrow.path)}"/>'
            for route, arrow in zip(self._routes, self._arrows, strict=True)
        ]
        drawn += [
            f'<rect{looks(name)} x="{place.left:.0f}" y="{place.middle - place.height / 2:.0f}" width="{place.width:.0f}"'
            f' height="{place.height:.0f}" rx="9"/>'
            for name, place in self._layout.places.items()
        ]
        return (
            f'<svg class="sketch" viewBox="{-MARGIN} {-MARGIN} {width} {height}" width="{width * SKETCHED:.0f}"'
            f' height="{height * SKETCHED:.0f}" aria-hidden="true">{"".join(drawn)}</svg>'
        )


def _node(node: Node, place: Place, scene: Scene) -> str:
    name = scene.said(node.name)
    figures = scene.nodes.get(name, Figures())
    left, top = place.left + PADDING, place.middle - HEIGHT / 2
    pill = width_of(kind(node), 9, 0.6) + 10
    parts = [
        f"<title>{escape(harmless(name))}: {escape(short(node.use, 200))} ({kind(node)})</title>",
        _shape(place, 7),
        f'<rect class="mark" x="{place.left:.1f}" y="{top + 7:.1f}" width="3" height="{HEIGHT - 14}"/>',
        rectangle("kind", place.right - pill - 7, top + 7, pill, 14, 7),
        label("kind", place.right - pill / 2 - 7, top + 17, kind(node)),
        label("name", left, top + 20, short(node.name, LONGEST_NAME)),
    ]
    if scene.visited is None:
        parts += [
            _field("count", left, top + 36, "came", "compact", figures.count),
            _field("rate", place.right - PADDING, top + 36, "rate", "flow", figures.rate),
            _field("dead", left, top + 51, "dead", "dead", figures.dead),
            # One of these words is shown, by the state.
            label("word stalled", place.right - PADDING, top + 51, "▲ stalled"),
        ]
    looks = f"node {node.mode.value}{_faint(name, scene)}"
    group = f'<g class="{looks}" data-node="{escape(name)}" data-state="{figures.state}">{"".join(parts)}</g>'
    return f'<a href="/pipeline/nodes/{quote(node.name, safe="", errors="replace")}">{group}</a>'


def _output(output: Output, place: Place, scene: Scene) -> str:
    name = scene.said(output.name)
    figures = scene.outputs.get(name, Figures())
    left, top, right, bottom = place.left, place.middle - HEIGHT / 2, place.right, place.middle + HEIGHT / 2
    parts = [
        f"<title>{escape(harmless(name))}: {escape(short(output.path, 200))}</title>",
        # A sheet of paper with its corner folded.
        f'<path class="box" d="M{left:.1f} {top:.1f}H{right - 11:.1f}L{right:.1f} {top + 11:.1f}V{bottom:.1f}H{left:.1f}Z"/>',
        f'<path class="fold" d="M{right - 11:.1f} {top:.1f}V{top + 11:.1f}H{right:.1f}"/>',
        label("name", left + PADDING, top + 20, short(output.name, LONGEST_NAME)),
    ]
    if scene.visited is None:
        parts += [
            _field("count", left + PADDING, top + 36, "count", "compact", figures.count),
            _field("rate", left + PADDING, top + 51, "rate", "flow", figures.rate, "start"),
        ]
    return f'<g class="output{_faint(name, scene)}" data-output="{escape(name)}">{"".join(parts)}</g>'


def _start(place: Place, scene: Scene) -> str:
    parts = [_shape(place, 14), _middle("name", place, -8, "files")]
    if scene.visited is None:
        middle = place.left + place.width / 2
        for looks, below, path, form, words in (
            ("count", 7, "totals.lines", "compact", scene.start.count),
            ("rate", 21, "rates.lines", "flow", scene.start.rate),
        ):
            at = f'text-anchor="middle" x="{middle:.1f}" y="{place.middle + below:.1f}"'
            parts.append(f'<text class="{looks}" {at} data-live="{path}" data-format="{form}">{escape(words)}</text>')
    return f'<g class="start">{"".join(parts)}</g>'


def _arrow(route: Route, arrow: Arrow, scene: Scene) -> str:
    source, target = scene.said(route.source), scene.said(route.link.target)
    line = f'<path class="way" d="{arrow.path}"/><path class="head" d="{arrow.head}"/>'
    if arrow.label is None:
        return f'<g class="route{_faint(target, scene)}">{line}</g>'
    x, y = arrow.label
    figures = scene.routes.get((source, target), Figures())
    is_faint = scene.visited is not None and not {source, target} <= set(scene.visited)
    parts = [line, label("tag", x, y - 5, _tags(route)) if route.link.label else ""]
    if scene.visited is None:
        parts += [
            _field("count", x, y + 12, "count", "some", figures.count),
            _field("rate", x, y + 24, "rate", "flow", figures.rate),
        ]
    return f'<g class="route{" faint" if is_faint else ""}" data-route="{escape(f"{source}→{target}")}">{"".join(parts)}</g>'


def _faint(name: str, scene: Scene) -> str:
    return "" if scene.visited is None or name in scene.visited else " faint"


def _field(looks: str, x: float, y: float, name: str, form: str, words: str, anchor: str = "") -> str:
    held = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{looks}"{held} x="{x:.1f}" y="{y:.1f}" data-field="{name}" data-format="{form}">{escape(words)}</text>'


def _shape(place: Place, radius: int = 14) -> str:
    return rectangle("box", place.left, place.middle - place.height / 2, place.width, place.height, radius)


def _middle(looks: str, place: Place, below: float, words: str) -> str:
    at = f'x="{place.left + place.width / 2:.1f}" y="{place.middle + below:.1f}"'
    return f'<text class="{looks}" text-anchor="middle" {at}>{escape(words)}</text>'


def _tags(route: Route) -> str:
    return short(route.link.label, LONGEST_NAME)


def _name_width(name: str) -> float:
    return width_of(short(name, LONGEST_NAME), 13, 0.63) + 2 * PADDING


def _node_width(node: Node) -> float:
    return _name_width(node.name) + width_of(kind(node), 9, 0.6) + 16

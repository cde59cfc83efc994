"""The pipeline on a page: drawn as it is now, with the figures of the moment, or with the way of one line."""

from __future__ import annotations

import threading
from collections.abc import Callable

from markupsafe import Markup

from linemill.drawing import Figures, Plan, Scene
from linemill.pipeline import Pipeline
from linemill.web.documents.texts import said
from linemill.web.models import NodeNow, Stats, TracedLine
from linemill.web.pages import formats


class Graphs:
    """Draws the pipeline. Where boxes stand is worked out again only when there is another pipeline.

    Args:
        pipeline: Gives the pipeline as it is used now.
    """

    def __init__(self, pipeline: Callable[[], Pipeline]) -> None:
        self._pipeline = pipeline
        self._plan: Plan | None = None
        self._lock = threading.Lock()

    def live(self, stats: Stats) -> Markup:
        """Draw the pipeline with what goes on."""
        nodes = {
            node.name: Figures(formats.compact(node.came), formats.flow(node.rate), formats.dead(node.dead), state_of(node))
            for node in stats.nodes
        }
        routes = {
            (route.source, route.target): Figures(formats.some(route.count), formats.flow(route.rate)) for route in stats.routes
        }
        outputs = {output.name: Figures(formats.compact(output.count), formats.flow(output.rate)) for output in stats.outputs}
        start = Figures(formats.compact(stats.totals.lines), formats.flow(stats.rates.lines))
        return Markup(self._planned().draw(Scene(nodes, routes, outputs, start, said=said)))

    def way(self, line: TracedLine) -> Markup:
        """Draw the way that a line took: what it did not visit is faint, and where it died is marked."""
        died = {letter.node: Figures(state="errors") for letter in line.letters}
        return Markup(self._planned().draw(Scene(died, visited=_visited(line), said=said)))

    def sketch(self, line: TracedLine) -> Markup:
        """Draw the same small, without words."""
        return Markup(self._planned().sketch(Scene(visited=_visited(line), said=said)))

    def _planned(self) -> Plan:
        pipeline = self._pipeline()
        # A plan of many nodes takes a second: it is not for every thread to make that is asked for it.
        with self._lock:
            if self._plan is None or self._plan.pipeline is not pipeline:
                self._plan = Plan(pipeline)
            return self._plan


def state_of(node: NodeNow) -> str:
    """Tell what a node's box looks like; the script tells it alike."""
    if node.stalled_since is not None:
        return "stalled"
    if node.dead_rate > 0:
        return "errors"
    return "ok" if node.rate > 0 else "idle"


def _visited(line: TracedLine) -> frozenset[str]:
    places = {step.place for step in line.steps} | {letter.node for letter in line.letters}
    return frozenset(places | {target for step in line.steps for given in step.gave for target in given.targets})

"""What Prometheus is told: the sums of the catalog, as they are at the moment it asks, and this process."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from linemill.catalog.periods import LATENCY_BOUNDS_S, Counts
from linemill.web.moments import Moment
from linemill.web.snapshot import Snapshots


def registry_of(snapshots: Snapshots) -> CollectorRegistry:
    """Make a registry of all metrics; it belongs to one application and not to the process."""
    registry = CollectorRegistry()
    registry.register(_Catalog(snapshots))
    ProcessCollector(registry=registry)
    return registry


class _Catalog(Collector):
    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    def describe(self) -> Iterator[Metric]:
        """Say which metrics there are, without asking the catalog."""
        yield from _sums(Counts())
        yield from _state(None)

    def collect(self) -> Iterator[Metric]:
        """Give all metrics.

        Raises:
            WorldError: The catalog cannot be read.
        """
        now = self._snapshots.moment()
        yield from _sums(now.totals)
        yield from _state(now)


def _sums(totals: Counts) -> Iterator[Metric]:
    """Give what was done since the catalog was begun."""
    files = CounterMetricFamily("linemill_files", "Files done, or failed for good.", labels=["result"])
    files.add_metric(["done"], totals.files)
    files.add_metric(["failed"], totals.failed)
    yield files
    failures = CounterMetricFamily("linemill_failures", "Files that failed for good, by the code of the reason.", labels=["code"])
    for code, count in totals.failures.items():
        failures.add_metric([code], count)
    yield failures
    yield CounterMetricFamily("linemill_lines", "Lines read.", value=totals.lines)
    yield CounterMetricFamily("linemill_read_bytes", "Bytes read, as they lie on the disk.", value=totals.raw_bytes)
    dead = CounterMetricFamily(
        "linemill_dead_letters",
        "Lines that could not be processed, by the node or the output that had them; none had those that are too long.",
        labels=["node"],
    )
    for place, count in totals.dead.items():
        dead.add_metric([place], count)
    yield dead
    items = CounterMetricFamily("linemill_node_lines", "Lines and other items that came into a node.", labels=["node"])
    seconds = CounterMetricFamily("linemill_node_seconds", "Time in a node's processor.", labels=["node"])
    for name, work in totals.nodes.items():
        items.add_metric([name], work.came)
        seconds.add_metric([name], work.seconds)
    yield items
    yield seconds
    routes = CounterMetricFamily(
        "linemill_route_lines",
        "Lines and other items that went from a node to a node, an output or `drop`.",
        labels=["source", "target"],
    )
    for source, targets in totals.routes.items():
        for target, count in targets.items():
            routes.add_metric([source, target], count)
    yield routes
    bounds = [*map(floatToGoString, LATENCY_BOUNDS_S), "+Inf"]
    yield HistogramMetricFamily(
        "linemill_file_latency_seconds",
        "From when a file was noticed until its outputs were published; without those that were done anew.",
        buckets=list(zip(bounds, accumulate(map(float, totals.latency)), strict=True)),
        sum_value=totals.latency_s,
    )


def _state(now: Moment | None) -> Iterator[Metric]:
    """Give what goes on now; only the names of that, for no moment."""
    backlog = GaugeMetricFamily(
        "linemill_backlog_files", "Files that are to be done, by state; counting stops at 10,000 for each.", labels=["state"]
    )
    failed = GaugeMetricFamily("linemill_failed_files", "Files that have failed and wait for somebody; up to 10,000.")
    letters = GaugeMetricFamily("linemill_standing_dead_letters", "Dead letters that wait for somebody; up to 10,000.")
    up = GaugeMetricFamily("linemill_mill_up", "1 while a mill runs.")
    paused = GaugeMetricFamily("linemill_mill_paused", "1 while somebody has paused it.")
    blocked = GaugeMetricFamily("linemill_mill_blocked", "1 while it claims no file: no room, or something cannot be written.")
    refused = GaugeMetricFamily(
        "linemill_mill_pipeline_refused", "1 while the pipeline file is wrong and the one before is used."
    )
    stalled = GaugeMetricFamily("linemill_stalled_nodes", "Nodes in which a worker has stood still for five seconds or longer.")
    if now is not None:
        states = {
            "inbox": now.files.inbox,
            "ready": now.files.ready,
            "working": now.files.working,
            "committed": now.files.committed,
        }
        for state, count in states.items():
            if count is not None:
                backlog.add_metric([state], count)
        failed.add_metric([], now.files.failed)
        letters.add_metric([], now.files.letters)
        up.add_metric([], now.mill.mill is not None)
        paused.add_metric([], now.mill.paused is not None)
        blocked.add_metric([], now.mill.blocked is not None)
        refused.add_metric([], now.mill.refused is not None)
        stalled.add_metric([], len(now.mill.stalled))
    yield from (backlog, failed, letters, up, paused, blocked, refused, stalled)

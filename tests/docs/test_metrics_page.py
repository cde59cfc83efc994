"""The page of metrics against what is exported."""

import re
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric

from linemill.catalog.periods import LATENCY_BOUNDS_S, Counts, NodeWork
from linemill.mill.explaining import MillState
from linemill.web.metrics import registry_of
from linemill.web.models import FileCounts
from linemill.web.moments import Moment

SOMETHING = Counts(
    failures={"budget": 1},
    dead={"node": 1},
    nodes={"node": NodeWork(came=1)},
    routes={"node": {"out": 1}},
)


class _Snapshots:
    def moment(self) -> Moment:
        return Moment(0.0, SOMETHING, FileCounts(inbox=1), MillState(), None, 1)


def _registry() -> CollectorRegistry:
    return registry_of(_Snapshots())  # type: ignore[arg-type]


def _exported() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Kind, name and labels of each metric."""
    family: Metric
    for family in _registry().collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        kind = "process" if name.startswith("process_") else family.type
        yield kind, name, frozenset(label for sample in family.samples for label in sample.labels)


def test_every_metric_is_explained_with_its_labels_and_no_other(checkout):
    page = (checkout / "docs/reference/metrics.md").read_text(encoding="utf-8")
    explained = set()
    titles = {"Counters": "counter", "Histogram": "histogram", "Gauges": "gauge", "The process that answers": "process"}
    for title, kind in titles.items():
        section = page.split(f"\n## {title}\n")[1].split("\n## ")[0]
        for names, labels in re.findall(r"^\| (`[^|]+`) \| ([^|]*)\|", section, re.MULTILINE):
            for name in re.findall("`([^`]+)`", names):
                explained.add((kind, name, frozenset(re.findall("`([^`]+)`", labels))))
    assert explained == set(_exported())


def test_every_metric_that_a_query_names_is_exported(checkout):
    page = (checkout / "docs/how-to/monitoring.md").read_text(encoding="utf-8")
    there = {name for _, name, _ in _exported()}
    there |= {f"{family.name}_bucket" for family in _registry().collect() if family.type == "histogram"}
    named = set(re.findall(r"\blinemill_\w+", page))
    assert len(named) > 10
    assert named <= there


def test_what_counts_say_in_the_catalog_is_explained(checkout):
    page = (checkout / "docs/reference/catalog.md").read_text(encoding="utf-8")
    section = page.split("| in `counts` | is |")[1].split("\n\n")[0]
    explained = {name for cell in re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE) for name in re.findall("`([^`]+)`", cell)}
    assert explained == set(Counts.__dataclass_fields__)
    assert {name for name in NodeWork.__dataclass_fields__ if f"`{name}`" not in section} == set()
    assert ", ".join(f"{bound:g}" for bound in LATENCY_BOUNDS_S) in section

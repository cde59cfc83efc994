from __future__ import annotations

import re

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from linemill.catalog import Catalog, periods
from linemill.catalog.history import History
from linemill.catalog.periods import Counts, NodeWork
from linemill.errors import WorldError
from linemill.web.metrics import registry_of
from linemill.web.snapshot import Snapshots

DONE = Counts(
    files=3,
    failed=2,
    lines=40,
    raw_bytes=400,
    failures={"budget": 2},
    dead={"level": 4, "": 1},
    latency=[1, 0, 0, 0, 0, 0, 1, *[0] * 7, 1],
    latency_s=2001.0,
    nodes={"level": NodeWork(came=38, gave=30, seconds=0.5)},
    routes={"level": {"rest": 30}},
)


@pytest.fixture
def told(site, client):
    """What is told, by name and labels."""

    def apply() -> dict[tuple[str, ...], float]:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    return apply


def test_the_sums_of_the_catalog_are_told(site, told):
    with site.catalog._database.writing() as connection:
        periods.add(connection, DONE, 60.0)
    values = told()
    assert {name: value for name, value in values.items() if name[0].startswith("linemill_") and name[0].endswith("_total")} == {
        ("linemill_files_total", "done"): 3,
        ("linemill_files_total", "failed"): 2,
        ("linemill_failures_total", "budget"): 2,
        ("linemill_lines_total",): 40,
        ("linemill_read_bytes_total",): 400,
        ("linemill_dead_letters_total", "level"): 4,
        ("linemill_dead_letters_total", ""): 1,
        ("linemill_node_lines_total", "level"): 38,
        ("linemill_node_seconds_total", "level"): 0.5,
        ("linemill_route_lines_total", "level", "rest"): 30,
    }


def test_the_histogram_counts_up_to_each_bound_and_all(site, told):
    with site.catalog._database.writing() as connection:
        periods.add(connection, DONE, 60.0)
    values = told()
    buckets = {name[1]: value for name, value in values.items() if name[0] == "linemill_file_latency_seconds_bucket"}
    assert list(buckets) == [
        *("0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1.0", "2.0", "5.0", "10.0"),
        *("30.0", "60.0", "300.0", "1800.0", "+Inf"),
    ]
    assert (buckets["0.01"], buckets["0.5"], buckets["1.0"], buckets["1800.0"], buckets["+Inf"]) == (1, 1, 2, 2, 3)
    assert values["linemill_file_latency_seconds_count",] == 3
    assert values["linemill_file_latency_seconds_sum",] == 2001.0


def test_what_goes_on_now_is_told(site, told):
    values = told()
    assert values["linemill_mill_up",] == 0
    assert ("linemill_backlog_files", "inbox") not in values
    site.catalog.set_control("paused", {"who": "me", "reason": "", "at": 1.0}, 1.0)
    with Catalog.open(site.folder, "watch") as mill:
        mill.set_control("stalled", [{"file_id": 1, "node": "level", "since": 5.0}], 1.0)
        mill.set_control("blocked", {"reason": "little room", "since": 1.0}, 1.0)
        mill.set_control("refused", {"reason": "a mistake", "since": 1.0}, 1.0)
        mill.note_backlog(7, 9, 60.0)
        values = _values_of(site)
    names = ("mill_up", "mill_paused", "mill_blocked", "mill_pipeline_refused", "stalled_nodes")
    assert {name: values[f"linemill_{name}",] for name in names} == dict.fromkeys(names, 1)
    assert values["linemill_backlog_files", "inbox"] == 7
    assert values["linemill_backlog_files", "working"] == 0


def _values_of(site) -> dict[tuple[str, ...], float]:
    families = registry_of(Snapshots(site)).collect()
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_this_process_is_told_too(told):
    values = told()
    assert values["process_resident_memory_bytes",] > 0
    assert values["process_cpu_seconds_total",] > 0


def test_names_say_their_unit_and_no_label_is_a_files_name(client):
    families = list(client.app.state.registry.collect())
    labels = {label for family in families for sample in family.samples for label in sample.labels}
    assert labels <= {"result", "code", "node", "source", "target", "state", "le"}
    assert all(re.fullmatch(r"(linemill|process)_[a-z_]+", family.name) for family in families)
    assert all(family.documentation.endswith(".") for family in families)


def test_names_of_nodes_are_escaped(site, told):
    with site.catalog._database.writing() as connection:
        periods.add(connection, Counts(nodes={'a"b\\c<d>': NodeWork(came=1)}), 60.0)
    assert told()["linemill_node_lines_total", 'a"b\\c<d>'] == 1


def test_what_is_told_belongs_to_the_application_and_not_to_the_process(client):
    assert client.get("/metrics").status_code == 200
    assert not any(family.name.startswith("linemill") for family in REGISTRY.collect())


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain"),
        ("text/html", "text/plain"),
        ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text"),
    ],
)
def test_the_form_is_the_one_that_is_asked_for(client, accept, kind):
    answer = client.get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith(f"{kind}; version=")
    assert answer.text.endswith("# EOF\n") == (kind != "text/plain")


@pytest.mark.parametrize("version", ["abc", "1.x.0", "9" * 5000, "1.0.0\xff", "", "²"])
def test_a_version_that_is_none_is_answered_in_the_oldest_form(client, version):
    for kind in ("text/plain", "application/openmetrics-text"):
        answer = client.get("/metrics", headers={"Accept": f"{kind}; version={version}".encode("latin-1")})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")


def test_a_catalog_that_cannot_be_read_is_a_refusal(client, monkeypatch):
    def refuse(self: History) -> None:
        raise WorldError("the disk says no")

    monkeypatch.setattr(History, "now", refuse)
    answer = client.get("/metrics")
    assert answer.status_code == 503
    assert answer.json()["error"]["what"] == "the disk says no"

"""`/stats`, `/ready` and what leads there."""

from __future__ import annotations

import json

import pytest

from linemill.catalog import Catalog, periods
from linemill.catalog.history import History
from linemill.catalog.periods import Counts
from linemill.catalog.records import Role
from linemill.errors import WorldError
from linemill.web import streams
from linemill.web.models import Stats


def test_the_root_leads_to_what_goes_on(client):
    answer = client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/stats")


def test_programs_get_what_goes_on_as_json(site, client):
    with site.catalog._database.writing() as connection:
        periods.add(connection, Counts(lines=5), 0.0)
    answer = client.get("/stats")
    assert answer.headers["content-type"] == "application/json"
    assert "Accept" in answer.headers["vary"]
    stats = Stats.model_validate_json(answer.content)
    assert (stats.totals.lines, stats.window, stats.mill.is_running) == (5, "10m", False)
    assert client.get("/stats").content == answer.content


def test_people_get_what_goes_on_as_a_page(client):
    answer = client.get("/stats?window=24h", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "level" in answer.text


@pytest.mark.parametrize("window", ["10m", "1h", "24h", "30d"])
def test_each_window_has_at_most_120_points(client, window):
    stats = Stats.model_validate_json(client.get("/stats", params={"window": window}).content)
    assert stats.window == window
    assert 9 <= len(stats.points) <= 120


def test_another_window_is_refused(client):
    answer = client.get("/stats", params={"window": "1y"})
    assert (answer.status_code, answer.json()["error"]["where"]) == (422, "query.window")


def test_who_wants_a_stream_gets_one_that_ends_with_the_server(site, client):
    client.app.state.closing.set()
    answer = client.get("/stats", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 503
    client.app.state.closing.clear()
    with site.catalog._database.writing() as connection:
        periods.add(connection, Counts(lines=5), 0.0)

    def end_when_told(text: bytes) -> bytes:
        client.app.state.closing.set()
        return text

    look = client.app.state.snapshots.news
    client.app.state.snapshots.news = lambda: (news := look(), end_when_told(news.text))[0]
    answer = client.get("/stats", headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"] == "text/event-stream"
    hello, told, _ = answer.text.split("\n\n")
    assert hello.startswith("event: hello\ndata: ")
    event, data = told.split("\n")
    assert event == "event: stats"
    stats = Stats.model_validate_json(data.removeprefix("data: "))
    assert (stats.totals.lines, len(stats.points)) == (5, 1)


def test_more_streams_than_most_are_refused_as_everything_is(client, monkeypatch):
    monkeypatch.setattr(streams, "MOST", 0)
    answer = client.get("/stats", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 503
    assert json.loads(answer.content)["error"]["code"] == "service_unavailable"


def test_files_are_taken_when_a_mill_runs_and_nothing_keeps_it(site, client):
    with Catalog.open(site.folder, "watch"):
        answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"is_ready": True, "reasons": []})


def test_without_a_mill_no_files_are_taken(client):
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"is_ready": False, "reasons": ["no mill runs"]})


@pytest.mark.parametrize(
    ("blocked", "reason"),
    [
        ("12 MiB are free in /secret/place, less than min_free (100 MiB)", "too little room on a disk"),
        ("the output cannot be written: no space left [/secret/place]; make room", "something cannot be written"),
        ("/secret/place: bytes of others", "something cannot be written"),
    ],
)
def test_why_no_files_are_taken_is_said_without_secrets(site, client, blocked, reason):
    site.catalog.set_control("paused", {"who": "secret", "reason": "a secret", "at": 1.0}, 1.0)
    with Catalog.open(site.folder, "watch") as mill:
        mill.set_control("blocked", {"reason": blocked, "since": 1.0}, 1.0)
        answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json() == {"is_ready": False, "reasons": ["the mill is paused", f"the mill is blocked: {reason}"]}
    assert "secret" not in answer.text


def test_a_catalog_that_cannot_be_read_takes_no_files(client, monkeypatch):
    def refuse(self: History) -> None:
        raise WorldError("the disk says no", "/secret")

    monkeypatch.setattr(History, "now", refuse)
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"is_ready": False, "reasons": ["the catalog cannot be read"]})
    assert client.get("/stats").status_code == 503


@pytest.mark.parametrize("query", ["", "?window=10m", "?window=1h", "?window=24h", "?window=30d"])
def test_the_shorter_way_gives_the_same_answer(client, query):
    first = client.get(f"/stats{query}")
    known = client.get(f"/stats{query}")
    assert first.status_code == known.status_code == 200
    assert first.headers == known.headers
    assert first.content == known.content


def test_only_programs_that_ask_for_what_is_known_take_the_shorter_way(client):
    client.get("/stats")
    assert client.get("/stats", headers={"Accept": "text/html"}).headers["content-type"].startswith("text/html")
    assert client.post("/stats").status_code == 405
    assert client.get("/stats?window=10m&window=1y").status_code == 422
    head = client.head("/stats")
    assert (head.status_code, head.content) == (200, b"")


def test_who_may_not_ask_gets_nothing_by_the_shorter_way_either(site, client):
    assert client.get("/stats").status_code == 200
    site.catalog.make_token("somebody", Role.VIEWER, "secret", "me", 1.0)
    client.app.state.gate.refresh()
    assert client.get("/stats").status_code == 401

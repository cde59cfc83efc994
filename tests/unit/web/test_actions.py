import pytest

from linemill.catalog.records import FileState, Kind, Role, Wish
from linemill.web.access import Who

PAGE = {"Accept": "text/html"}


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("a\n")
    return path


@pytest.fixture
def failed(records, place):
    return records.file("a.log", "failed", found=place, place=place)


@pytest.fixture
def dead(records, place):
    """A file that is done, with a dead letter."""
    file_id = records.file("a.log", found=place, place=place)
    records.letter(file_id, records.attempt(file_id), "level", "raised")
    return file_id


def _events(history):
    return [(event.who, event.what, event.file_id) for event in history.events().rows]


def test_a_wish_is_left_with_the_name_of_who_wished_it(client, failed, site):
    answer = client.post(f"/files/{failed}/retry")
    assert answer.status_code == 202
    assert answer.json() == {
        "asked": "retry",
        "files": [failed],
        "mill": {"is_running": False, "pid": None, "host": None, "since": None, "paused": None, "blocked": None, "refused": None},
    }
    row = site.history.file(failed)
    assert (row.state, row.wish) == (FileState.READY, Wish(Kind.RETRY, "local"))
    assert _events(site.history) == [("local", "retry", failed)]


def test_reprocess_writes_twice_into_a_growing_output_only_where_that_is_said(records, client, dead, tmp_path, site):
    attempt = site.history.attempts(dead)[0].id
    records.output(attempt, tmp_path / "grown", b"a\n", name="grown", how="appended")
    refused = client.post(f"/files/{dead}/reprocess")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    assert refused.json()["error"]["hint"] == "`append_again` writes them there a second time"
    assert client.post(f"/files/{dead}/reprocess", data={"append_again": "true"}).status_code == 202
    assert site.history.file(dead).wish == Wish(Kind.REPROCESS, "local", append_again=True)


def test_dead_letters_are_taken_again_of_one_file_or_of_a_kind(client, dead, site):
    assert client.post("/errors/redrive", data={"node": "other"}).status_code == 409
    assert client.post("/errors/redrive", data={"node": "level", "code": "raised"}).json()["files"] == [dead]
    assert site.history.file(dead).wish == Wish(Kind.REDRIVE, "local", node="level", code="raised")
    refused = client.post(f"/files/{dead}/redrive")
    assert refused.status_code == 409
    assert "this one is ready" in refused.json()["error"]["what"]


def test_one_file_is_redriven(client, dead):
    assert client.post(f"/files/{dead}/redrive").json()["files"] == [dead]


def test_a_pause_lasts_until_somebody_says_resume(client, site):
    said = client.post("/pause", data={"reason": "back\x1bup"}).json()["mill"]["paused"]
    assert (said["who"], said["reason"]) == ("local", "back\x1bup")
    assert client.post("/resume").json()["mill"]["paused"] is None
    assert client.post("/resume").status_code == 202
    assert [event[:2] for event in _events(site.history)] == [("local", "resume"), ("local", "pause")]


def test_what_cannot_be_done_is_refused_in_words_that_fit_the_web(client, dead, records):
    refused = client.post(f"/files/{dead}/retry")
    assert refused.status_code == 409
    assert refused.json()["error"] == {
        "code": "conflict",
        "what": "the file has not failed: it is done",
        "where": "a.log",
        "hint": "`reprocess` does it anew",
    }
    for path in ("/files/99/retry", "/files/99/reprocess", "/files/99/redrive"):
        assert client.post(path).status_code == 404


def test_what_somebody_has_done_is_seen_on_the_next_page(client):
    assert client.get("/stats").json()["mill"]["paused"] is None
    client.post("/pause", data={"reason": "a new oven"})
    assert client.get("/stats").json()["mill"]["paused"]["reason"] == "a new oven"
    assert "a new oven" in client.get("/files", headers={"Accept": "text/html"}).text


@pytest.mark.parametrize(
    ("path", "back", "leads"),
    [
        ("/files/1/retry", None, "/files/1"),
        ("/files/1/retry", "", "/files/1"),
        ("/files/1/retry", "/files?state=failed&name=a%20b", "/files?state=failed&name=a%20b"),
        ("/pause", None, "/stats"),
        ("/resume", "/", "/"),
    ],
)
def test_a_browser_goes_on_with_the_page_that_it_came_from(client, failed, path, back, leads):
    form = {} if back is None else {"back": back}
    answer = client.post(path, data=form, headers=PAGE, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, leads)


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "evil",
        "/a\r\nSet-Cookie: x=1",
        "/\t/evil.example",
        "/a\n",
        "/é",
    ],
)
def test_nobody_is_led_to_another_site(client, failed, back, site):
    answer = client.post(f"/files/{failed}/retry", data={"back": back}, headers=PAGE, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/files/{failed}")
    assert site.history.file(failed).state is FileState.READY


def test_a_wish_never_means_more_than_was_said(client, dead, site):
    assert client.post("/errors/redrive", data={"nodes": "level"}).status_code == 422
    assert client.post("/errors/redrive", json={"node": "other"}).status_code == 415
    assert client.post("/errors/redrive", content="node=other").status_code == 415
    assert client.post("/errors/redrive", content="node=\xff%00", headers={"Content-Type": "text/plain"}).status_code == 415
    assert site.history.file(dead).wish is None


def test_the_name_of_who_signed_in_is_left_with_the_wish(monkeypatch, client, site, failed):
    monkeypatch.setattr("linemill.web.routes.actions.who_of", lambda request: Who("ann", Role.OPERATOR))
    assert client.post(f"/files/{failed}/retry").status_code == 202
    assert site.history.file(failed).wish == Wish(Kind.RETRY, "ann")

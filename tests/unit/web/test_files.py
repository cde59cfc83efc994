import os
import socket
from pathlib import Path

import pytest

from linemill.catalog import schema

HOSTILE = "<b>\n\x1b\u202e\udcff.log"


def _wish(kind="retry", who="me"):
    return f'{{"kind": "{kind}", "who": "{who}", "append_again": false, "node": null, "code": null}}'


@pytest.fixture
def published(records, tmp_path):
    """A file that gave bytes 4 to 9 to a growing output that has others before and behind."""
    target = tmp_path / "out" / "grown é.log"
    target.parent.mkdir()
    target.write_bytes(b"one\ntwo\n\xff\nthree\n")
    file_id = records.file()
    output_id = records.output(records.attempt(file_id), target, b"two\n\xff\n", offset=4, how="appended", name="grown")
    return file_id, output_id, target


def test_a_file_of_each_state_says_why_and_what_comes_next(records, client, tmp_path):
    records.file("a.log", "done", lines=3, dead=2, since=5.0)
    records.file("b.log", "failed", code="corrupt", reason="it is damaged", since=4.0)
    ready = records.file("c.log", "ready", wish=_wish(), since=3.0)
    records.attempt(ready, "failed")
    working = records.file("d.log", "working", since=2.0)
    records.attempt(working, "working")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / ".hidden").write_text("")
    (tmp_path / "inbox" / "new.part").write_text("x")
    (tmp_path / "inbox" / "new.log").write_text("x")
    found = client.get("/files").json()
    assert found["after"] is found["trouble"] is None
    assert [(file["name"], file["state"], file["why"], file["next"]) for file in found["files"]] == [
        ("new.log", "ready", "it is complete", "nothing: no mill runs; `linemill watch` starts one"),
        (".hidden", "ignored", "its name begins with a dot", "nothing: linemill leaves it alone"),
        ("new.part", "ignored", "its name is that of a file that is not complete", "nothing: linemill leaves it alone"),
        (
            "a.log",
            "done",
            "its outputs are published",
            "nothing; `reprocess` does it anew; `redrive` takes its 2 dead letters again",
        ),
        ("b.log", "failed", "it is damaged (corrupt)", "nothing, until `retry` tries it again"),
        ("c.log", "ready", "me asked for it: to be tried again", "nothing: no mill runs; `linemill watch` starts one"),
        (
            "d.log",
            "working",
            "it is being worked on, by a process that is dead",
            "the next `linemill watch` or `linemill run` takes it over",
        ),
    ]
    assert [file["id"] for file in found["files"]][:3] == [None, None, None]


def test_files_are_filtered_sorted_and_paged(records, client, tmp_path):
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a9.log").write_text("x")
    for number in range(5):
        records.file(f"a{number}.log", "failed" if number % 2 else "done", since=float(number))
    records.file("b.log")

    def names(**asked):
        return [file["name"] for file in client.get("/files", params=asked).json()["files"]]

    assert names(name="a*", sort="name") == ["a9.log", "a0.log", "a1.log", "a2.log", "a3.log", "a4.log"]
    assert names(state="failed", name="") == ["a3.log", "a1.log"]
    assert names(state="", name="b.log") == ["b.log"]
    assert names(state="waiting") == []
    assert names(state="ready") == ["a9.log"]
    first = client.get("/files", params={"limit": 2, "name": "a*"}).json()
    assert [file["name"] for file in first["files"]] == ["a9.log", "a4.log", "a3.log"]
    assert names(limit=2, name="a*", after=first["after"]) == ["a2.log", "a1.log"]


@pytest.mark.parametrize(
    ("asked", "status", "where"),
    [
        ({"state": "gone"}, 422, "query.state"),
        ({"sort": "lines"}, 422, "query.sort"),
        ({"limit": "0"}, 422, "query.limit"),
        ({"limit": "501"}, 422, "query.limit"),
        ({"after": "x"}, 400, ""),
        ({"name": "x" * 1001}, 422, "query.name"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_place(client, asked, status, where):
    answer = client.get("/files", params=asked)
    assert answer.status_code == status
    assert answer.json()["error"]["where"] == where


def test_an_inbox_that_cannot_be_looked_at_hides_no_file(records, client, tmp_path):
    (tmp_path / "inbox").write_text("no folder")
    records.file("a.log")
    found = client.get("/files").json()
    assert [file["name"] for file in found["files"]] == ["a.log"]
    assert "the inbox" in found["trouble"]


def test_no_more_of_the_inbox_is_listed_than_can_be_read(client, tmp_path):
    (tmp_path / "inbox").mkdir()
    for number in range(210):
        (tmp_path / "inbox" / f"{number}.log").touch()
    found = client.get("/files", params={"limit": 500}).json()
    assert (len(found["files"]), found["inbox_has_more"]) == (200, True)


def test_a_full_inbox_is_not_looked_through_for_every_page(client, tmp_path, monkeypatch):
    monkeypatch.setattr("linemill.web.documents.files.LOOKED_AT", 3)
    (tmp_path / "inbox").mkdir()
    for number in range(3):
        (tmp_path / "inbox" / f"{number}.log").touch()
    assert client.get("/files").json()["inbox_has_more"] is False
    (tmp_path / "inbox" / "3.log").touch()
    found = client.get("/files").json()
    assert (len(found["files"]), found["inbox_has_more"]) == (3, True)


def test_one_file_tells_its_life_in_its_order(records, client, tmp_path):
    place = tmp_path / "processed" / "a.log"
    place.parent.mkdir()
    place.write_text("x")
    file_id = records.file("a.log", "done", found=tmp_path / "inbox/a.log", place=place, noticed_at=1.0, done_at=9.0, lines=2)
    first = records.attempt(file_id, "failed", began_at=2.0, ended_at=3.0, code="world", reason="disk full")
    records.event("retry", at=4.0, who="ann", file_id=file_id, detail="a.log")
    second = records.attempt(file_id, number=2, kind="retry", began_at=5.0, ended_at=8.0)
    records.node(second, 0, "level", came=2, gave={"": 1, "bad": 1}, sent={"rest": 1, "errors": 1})
    records.output(second, tmp_path / "out/a.log", b"x\n", name="rest")
    records.letter(file_id, second, "level", line=2, text="y")
    found = client.get(f"/files/{file_id}").json()
    assert [(item["what"], item["detail"], item["who"]) for item in found["timeline"]] == [
        ("noticed", "", ""),
        ("began", "attempt 1, first", ""),
        ("failed", "disk full (world)", ""),
        ("retry", "", "ann"),
        ("began", "attempt 2, retry", ""),
        ("committed", "", ""),
        ("done", "", ""),
    ]
    assert found["can"] == ["reprocess", "redrive"]
    assert [attempt["id"] for attempt in found["attempts"]] == [first, second]
    assert found["attempts"][1]["nodes"][0]["sent"] == {"rest": 1, "errors": 1}
    assert (found["place"], found["outputs"][0]["name"], found["letters"][0]["line"]) == (str(place), "rest", 2)
    place.unlink()
    assert client.get(f"/files/{file_id}").json()["can"] == ["redrive"]


def test_a_file_that_is_not_there_is_no_file(client):
    for path in ("/files/7", f"/files/{2**63 - 1}", "/files/7/outputs/1"):
        assert client.get(path).status_code == 404
    for path in ("/files/0", f"/files/{2**63}", "/files/-1", "/files/x", "/files/1/outputs/0"):
        assert client.get(path).status_code == 422


def test_hostile_names_and_lines_are_text_that_json_can_say(records, client, tmp_path):
    file_id = records.file(HOSTILE, "failed", found=tmp_path / HOSTILE, place=tmp_path / HOSTILE, code="bad", reason="\x1b[2J")
    attempt = records.attempt(file_id, state="failed", code="bad", reason="\x1b[2J")
    records.letter(
        file_id, attempt, "level", file=HOSTILE, text="a\udcff\ud800\0", error="\udcfe", item="\udcfd", traceback="\udcfc"
    )
    found = client.get(f"/files/{file_id}").json()
    assert found["file"]["name"] == r"<b>\n\x1b\u202e\xff.log"
    letter = found["letters"][0]
    assert (letter["file"], letter["text"]) == (r"<b>\n\x1b\u202e\xff.log", "a\\udcff\\ud800\0")
    assert (letter["error"], letter["item"], letter["traceback"]) == (r"\xfe", r"\xfd", r"\xfc")
    assert client.get("/files", params={"name": HOSTILE.replace("\udcff", "*")}).json()["files"][0]["id"] == file_id


def test_a_download_is_this_files_part_and_is_kept_not_shown(client, published):
    file_id, output_id, _ = published
    assert client.get(f"/files/{file_id}").json()["outputs"][0]["href"] == f"/files/{file_id}/outputs/{output_id}"
    answer = client.get(f"/files/{file_id}/outputs/{output_id}")
    assert (answer.status_code, answer.content) == (200, b"two\n\xff\n")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == "attachment; filename=\"grown__.log\"; filename*=UTF-8''grown%20%C3%A9.log"


def test_an_output_belongs_to_its_file_alone(records, client, published):
    _, output_id, _ = published
    other = records.file("b.log")
    assert client.get(f"/files/{other}/outputs/{output_id}").status_code == 404


def _socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize(
    ("replace", "status", "code"),
    [
        (None, 404, "gone"),
        (lambda path: path.symlink_to("/etc/passwd"), 409, "changed"),
        (Path.mkdir, 409, "changed"),
        (os.mkfifo, 409, "changed"),
        (_socket, 409, "changed"),
        (lambda path: path.write_bytes(b"one\ntwo\n"), 409, "changed"),
    ],
)
def test_what_is_not_the_output_any_more_is_not_sent(client, published, replace, status, code):
    file_id, output_id, target = published
    target.unlink()
    if replace is not None:
        replace(target)
    answer = client.get(f"/files/{file_id}/outputs/{output_id}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["where"] == str(target)


@pytest.mark.parametrize(("values", "code"), [({"is_published": False}, "not_published"), ({"replaced_by": 9}, "replaced")])
def test_only_what_stands_and_is_published_is_sent(records, client, published, values, code):
    file_id, output_id, _ = published
    records.update(schema.output, output_id, **values)
    answer = client.get(f"/files/{file_id}/outputs/{output_id}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


def test_a_download_closes_its_file(client, published):
    file_id, output_id, _ = published
    client.get(f"/files/{file_id}/outputs/{output_id}")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        client.get(f"/files/{file_id}/outputs/{output_id}")
    assert len(os.listdir("/proc/self/fd")) <= before

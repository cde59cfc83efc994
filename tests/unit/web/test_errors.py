from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from linemill.pipeline import load
from linemill.web.app import application


@pytest.fixture
def letters(records):
    """Two files with letters of two kinds, and one that failed as a whole."""
    first, second = records.file("a.log"), records.file("b.log")
    tries = records.attempt(first, ended_at=5.0), records.attempt(second, ended_at=6.0)
    records.file("c.log", "failed", code="corrupt", reason="it is damaged")
    return {
        "files": (first, second),
        "ids": [
            records.letter(first, tries[0], "level", "raised", line=3, text="x", error="ValueError: x", traceback="Traceback"),
            records.letter(first, tries[0], "", "too_long", line=9, text=None),
            records.letter(second, tries[1], "level", "raised", file="b.log", line=1, text="z", item='{"a": 1}'),
        ],
    }


def test_what_went_wrong_is_told_by_kind_one_by_one_and_by_whole_files(client, letters):
    found = client.get("/errors").json()
    assert [(group["node"], group["code"], group["count"], group["newest_at"]) for group in found["groups"]] == [
        ("level", "raised", 2, 6.0),
        ("", "too_long", 1, 5.0),
    ]
    assert found["groups"][0]["newest"]["id"] == letters["ids"][2]
    assert [letter["id"] for letter in found["letters"]] == letters["ids"][::-1]
    assert [(file["name"], file["why"]) for file in found["failed"]] == [("c.log", "it is damaged (corrupt)")]
    assert found["letters"][2] == {
        "id": letters["ids"][0],
        "file_id": letters["files"][0],
        "file": "a.log",
        "attempt_id": found["letters"][1]["attempt_id"],
        "line": 3,
        "node": "level",
        "code": "raised",
        "error": "ValueError: x",
        "text": "x",
        "item": None,
        "form": None,
        "stays": False,
        "traceback": "Traceback",
    }


def test_errors_are_filtered_and_paged(client, letters):
    def ids(**asked):
        found = client.get("/errors", params=asked).json()
        assert found["failed"] == [] or not any(asked.values())
        return [letter["id"] for letter in found["letters"]]

    first, second, third = letters["ids"]
    assert ids(node="level") == [third, first]
    assert ids(node="level", file=str(letters["files"][0])) == [first]
    assert ids(code="too_long") == [second]
    assert ids(node="", code="", file="") == [third, second, first]
    assert ids(node="none\0") == []
    page = client.get("/errors", params={"limit": 2}).json()
    assert ids(after=page["after"]) == [first]


@pytest.mark.parametrize(("file", "found"), [("a.log", 2), ("b.log", 1), ("c.log", 0), ("none", 0), ("../a.log", 0), ("\0", 0)])
def test_a_file_is_also_asked_for_by_its_name(client, letters, file, found):
    assert len(client.get("/errors", params={"file": file}).json()["letters"]) == found


@pytest.mark.parametrize("file", ["0", "-1", "²", str(2**63), "9" * 1000])
def test_a_file_that_is_not_there_has_no_errors(client, letters, file):
    assert client.get("/errors", params={"file": file}).json()["letters"] == []
    assert client.get("/trace", params={"file": file}).json()["lines"] == []


PAGE = {"Accept": "text/html"}


def test_a_person_is_shown_so_many_letters_that_a_page_has_an_end_and_a_program_more(client, records):
    file = records.file("a.log")
    attempt = records.attempt(file, ended_at=5.0)
    for number in range(1, 26):
        records.letter(file, attempt, "level", "raised", line=number, text="x", error="no")
    assert len(client.get("/errors").json()["letters"]) == 25
    page = client.get("/errors", headers=PAGE).text
    assert page.count('class="letter"') == 20
    assert 'rel="next"' in page
    assert client.get("/errors?limit=25", headers=PAGE).text.count('class="letter"') == 25


def test_of_many_files_that_failed_a_page_shows_some_and_the_way_to_the_others(client, records):
    for number in range(12):
        records.file(f"{number}.log", "failed", code="corrupt", reason="it is damaged")
    page = client.get("/errors", headers=PAGE).text
    assert page.count(">Retry</button>") == 10
    assert 'href="/files?state=failed">The others, too</a>' in page


def test_what_the_node_had_is_shown_where_it_is_not_the_line_itself(client, records):
    """Behind a stream, the line that was read last is not the one that died: its text alone would be misread."""
    file = records.file("a.log")
    records.letter(file, records.attempt(file), "level", "raised", line=2, text="8 rolls", item="-4 rolls", error="no: -4")
    page = client.get("/errors", headers=PAGE).text
    groups, letters = page.split('id="letters"')
    assert "-4 rolls" in groups
    assert '<details id="item-1" open><summary>What the node had</summary><pre class="text" dir="auto">-4 rolls</pre>' in letters


def test_a_file_with_too_many_dead_letters_says_why_none_is_listed(client, records):
    reason = "2 dead letters in 2 lines; raise `errors: {budget: ...}`"
    file = records.file("a.log", "failed", code="budget", reason=reason)
    records.attempt(file, state="failed", code="budget", reason=reason)
    page = client.get(f"/files/{file}", headers=PAGE).text
    assert "None is kept of a file that failed as a whole" in page
    assert page.count("<code>errors: {budget: ...}</code>") >= 2


def test_what_a_stream_gave_and_is_not_all_there_is_said_to_stay(site, records):
    path = site.base / "pipeline.yaml"
    path.write_text(
        "nodes:\n"
        '  join: {use: linemill.processors:join_lines, with: {start: "^-"}, to: level}\n'
        "  level: {use: linemill.processors:strip, to: out}\n"
        "outputs: {out: 'out/{name}'}\n"
    )
    joined = load(path)
    file = records.file("a.log")
    attempt = records.attempt(file)
    with TestClient(application(replace(site, pipeline=lambda: joined)), base_url="http://127.0.0.1") as client:
        records.letter(file, attempt, "level", "raised", line=2, text="8 rolls", item="<rolls>", form="repr", error="no")
        assert f'<a href="/files/{file}">Reprocess the file</a>' in client.get("/errors", headers=PAGE).text
        assert client.get(f"/files/{file}").json()["can"] == []
        records.letter(file, attempt, "join", "raised", line=3, text="9 rolls", item="9", error="no")
        groups, letters = client.get("/errors", headers=PAGE).text.split('id="letters"')
        assert (groups.count("A re-drive leaves it"), letters.count("Reprocess the file")) == (1, 1)
        assert client.get(f"/files/{file}").json()["can"] == ["redrive"]


def test_what_is_to_be_typed_is_marked_in_a_refusal(client):
    page = client.post("/errors/redrive", data={"node": "level"}, headers=PAGE)
    assert page.status_code == 409
    assert "<code>errors</code> lists all" in page.text


def test_a_path_that_leads_nowhere_is_refused_in_words(client):
    assert client.get("/nothing").json()["error"]["what"] == "there is nothing at this path"
    assert client.get("/files/9").json()["error"]["what"] == "there is no file 9"


def test_a_long_item_does_not_fill_the_page(client, records):
    file = records.file("a.log")
    records.letter(file, records.attempt(file), "level", "raised", line=2, text="x", item="y" * 10_000, error="no")
    assert "y" * 2_000 not in client.get("/errors", headers=PAGE).text

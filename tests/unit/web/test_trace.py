import orjson
import pytest
from sqlalchemy import insert

from linemill.catalog import schema


@pytest.fixture
def traced(records):
    """Add the sampled lines of an attempt: each goes to `level`, and then to `rest`."""

    def add(file_id, attempt_id, *numbers):
        lines = [
            {
                "number": number,
                "text": f"line {number}",
                "steps": [
                    {
                        "place": "level",
                        "came": [f"line {number}"],
                        "gave": [{"tag": "", "item": "x", "targets": ["rest"]}],
                        "more": 0,
                    },
                    {"place": "rest", "came": ["x"], "gave": [], "more": 0},
                ],
            }
            for number in numbers
        ]
        with records.engine.begin() as connection:
            connection.execute(insert(schema.trace).values(attempt_id=attempt_id, file_id=file_id, lines=orjson.dumps(lines)))

    return add


def _lines(client, **asked):
    return [(line["file"], line["line"]) for line in client.get("/trace", params=asked).json()["lines"]]


def test_sampled_lines_are_shown_with_their_way_and_what_died_of_them(records, client, traced):
    file_id = records.file("a.log")
    attempt = records.attempt(file_id)
    traced(file_id, attempt, 1, 10)
    records.letter(file_id, attempt, "level", line=10)
    first, second = client.get("/trace").json()["lines"]
    assert (first["line"], first["text"], first["letters"]) == (1, "line 1", [])
    assert first["steps"] == [
        {"place": "level", "came": ["line 1"], "gave": [{"tag": "", "item": "x", "targets": ["rest"]}], "more": 0},
        {"place": "rest", "came": ["x"], "gave": [], "more": 0},
    ]
    assert [letter["line"] for letter in second["letters"]] == [10]
    assert [line["line"] for line in client.get(f"/files/{file_id}").json()["traces"]] == [1, 10]


def test_lines_that_died_are_shown_with_their_file_although_nobody_sampled_them(records, client, traced):
    file_id = records.file("a.log")
    attempt = records.attempt(file_id)
    traced(file_id, attempt, 1, 10)
    for line in (10, 5, 5):
        records.letter(file_id, attempt, "level", line=line, text="dead")
    assert _lines(client, file=file_id) == [("a.log", 1), ("a.log", 5), ("a.log", 10)]
    (line,) = client.get("/trace", params={"file": file_id, "line": 5}).json()["lines"]
    assert (line["text"], line["steps"], len(line["letters"])) == ("dead", [], 2)
    assert _lines(client, file=file_id, node="rest") == [("a.log", 1), ("a.log", 10)]
    assert _lines(client, file=file_id, line=7) == []


def test_traces_are_filtered_and_paged_the_newest_first(records, client, traced):
    for number in range(3):
        file_id = records.file(f"{number}.log")
        traced(file_id, records.attempt(file_id), 1)
    page = client.get("/trace", params={"limit": 2, "file": "", "line": "", "node": ""}).json()
    assert [line["file"] for line in page["lines"]] == ["2.log", "1.log"]
    assert _lines(client, after=page["after"]) == [("0.log", 1)]
    assert _lines(client, node="nowhere") == []
    assert _lines(client, line=2) == []
    assert client.get("/trace", params={"line": "0"}).status_code == 422
    assert client.get("/trace", params={"after": "x"}).status_code == 400

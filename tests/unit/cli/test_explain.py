import json
from pathlib import Path

import pytest

from linemill.catalog.records import FileState
from linemill.cli.documents import ANSWERS
from linemill.mill.arrival import Seen


@pytest.fixture
def failed(records, tmp_path):
    file_id = records.file(
        "bad\x1b.log",
        "failed",
        found=tmp_path / "bad\x1b.log",
        place=tmp_path / "failed" / "bad\x1b.log",
        code="stream_raised",
        reason="node audit raised \x1b[2J",
        traceback='Traceback:\n  File "a.py"\n',
        tries=2,
        since=990.0,
    )
    records.attempt(file_id, state="failed", code="world", reason="no space")
    records.attempt(file_id, state="failed", number=2, kind="retry", code="stream_raised", reason="node audit raised", lines=7)
    return file_id


def test_a_failed_file_says_all_about_itself(failed, inbox, linemill, monkeypatch):
    monkeypatch.setattr("linemill.cli.explain.clock", lambda at: f"<{at:.0f}>")
    monkeypatch.setattr("time.time", lambda: 1_000.0)
    said = linemill("explain", "bad\x1b.log")
    assert said.code == 0
    assert said.out.splitlines() == [
        "bad\\x1b.log (id 1): failed",
        "  why    node audit raised \\x1b[2J (stream_raised)",
        "  next   nothing, until `linemill retry` tries it again",
        "  place  failed/bad\\x1b.log",
        "  since  <990>, 10 s ago",
        "  read   0 lines, 0 B, 0 dead letters",
        "    Traceback:",
        '      File "a.py"',
        "",
        "attempt  kind   state   began  worked  lines",
        "1        first  failed  <0>    0.00 s      0  world: no space",
        "2        retry  failed  <0>    0.00 s      7  stream_raised: node audit raised",
    ]


def test_a_file_that_is_done_shows_what_it_came_to(records, inbox, linemill, tmp_path):
    records.file("a.log", since=1.0)
    file_id = records.file("a.log", lines=2, dead=1, raw_bytes=1500)
    attempt = records.attempt(file_id)
    records.output(attempt, tmp_path / "out" / "a~2.log", b"a\n")
    records.output(attempt, tmp_path / "grown", b"b\n", name="grown", how="appended", is_published=False)
    lines = linemill("explain", "a.log").out.splitlines()
    assert "  called a~2.log among its outputs, since there was one of its name before" in lines
    assert "  read   2 lines, 1.5 kB, 1 dead letter" in lines
    assert "all         1      2  out/a~2.log" in lines
    assert "grown       1      2  grown  (not published yet)" in lines
    assert lines[-1] == "other files of this name: 1"


def test_a_file_that_waits_says_until_when(records, inbox, linemill, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1_000.0)
    monkeypatch.setattr("linemill.cli.explain.clock", lambda at: f"<{at:.0f}>")
    file_id = records.file("a.log", "ready", tries=1, code="world", reason="no", next_try_at=1_012.0)
    records.attempt(file_id, state="failed")
    assert "in 12 s (<1012>)" in linemill("explain", str(file_id)).out


@pytest.mark.parametrize("called", ["new\n.log", "new\\n.log", "/in/new\n.log"])
def test_a_file_in_the_inbox_is_explained_by_any_of_its_names(mill, inbox, linemill, called):
    inbox.append(Seen(Path("/in"), "new\n.log", FileState.WAITING, "being written"))
    lines = linemill("explain", called).out.splitlines()
    assert lines[:2] == ["new\\n.log: waiting", "  why    being written"]
    assert lines[2] == "  next   nothing: no mill runs; `linemill watch` starts one"


def test_a_file_that_came_again_is_explained_twice(records, inbox, linemill):
    inbox.append(Seen(Path("/in"), "a.log", FileState.READY, ""))
    records.file("a.log")
    records.file("a.log")
    said = json.loads(linemill("explain", "a.log", "--json").out)
    assert [each["state"] for each in said["found"]] == ["ready", "done"]
    assert said["others"] == [1]
    assert said.keys() == {"form", *ANSWERS["explain"]}
    for field in said["found"][0]:
        assert f"`{field}`" in ANSWERS["explain"]["found"]


@pytest.mark.parametrize(
    ("has_catalog", "message"),
    [
        (True, "there is no such file in the inbox or the catalog [b\\n]; `linemill files` lists them"),
        (False, "there is no such file in the inbox, and no catalog yet [b\\n]; `linemill files` lists them"),
    ],
)
def test_a_file_that_nobody_knows_is_refused(request, mill, inbox, linemill, has_catalog, message):
    if has_catalog:
        request.getfixturevalue("records")
    said = linemill("explain", "b\n")
    assert (said.code, said.err) == (2, f"linemill: {message}\n")

import json
import os
from pathlib import Path

import pytest

from linemill.catalog.listing import SORTS
from linemill.catalog.records import FileState
from linemill.cli.documents import ANSWERS
from linemill.cli.files import Sort, State
from linemill.errors import ConfigurationError, Problem
from linemill.mill.arrival import Seen


def test_the_states_and_sorts_of_the_options_are_those_of_the_catalog():
    assert [state.value for state in State] == [state.value for state in FileState]
    assert {sort.value for sort in Sort} == {sign + key for sign in ("", "-") for key in SORTS}


def test_files_are_listed_with_where_they_are_and_why(records, inbox, linemill, monkeypatch):
    monkeypatch.setattr("linemill.cli.files.clock", lambda at: f"<{at:.0f}>")
    monkeypatch.setattr("time.time", lambda: 1_000.0)
    inbox.append(Seen(Path("/in"), "new.log", FileState.WAITING, "being written"))
    records.file("a.log", lines=1200, dead=3, since=1.0)
    records.file("a.log", since=2.0)
    records.file("bad.log", "failed", code="corrupt", reason="r" * 200, since=3.0)
    records.file("b.log", "ready", code="world", reason="no", since=4.0, next_try_at=1_012.0)
    wish = '{"kind": "redrive", "who": "me", "append_again": false, "node": null, "code": null}'
    records.file("c.log", "ready", wish=wish, since=5.0)
    said = linemill("files")
    assert said.code == 0
    assert said.out.splitlines() == [
        "id  state    since  lines  dead  name",
        "-   waiting  -          -     -  new.log  being written",
        "5   ready    <5>        0     0  c.log    me asked for it: redrive",
        "4   ready    <4>        0     0  b.log    next try in 12 s; world: no",
        f"3   failed   <3>        0     0  bad.log  corrupt: {'r' * 70}…",
        "2   done     <2>        0     0  a~2.log  was a.log",
        "1   done     <1>    1,200     3  a.log",
        "2 done, 1 failed, 2 ready",
    ]


def test_a_pause_is_told_with_who_and_why(records, inbox, linemill):
    records.file("a.log", "ready")
    records.control("paused", {"who": "ana", "reason": "full \x1b[2J moon", "at": 1.0})
    said = linemill("files")
    assert said.out.splitlines()[-1] == "no file is begun: ana paused the mill: full \\x1b[2J moon; `linemill resume` goes on"
    assert json.loads(linemill("files", "--json").out)["paused"] is True


def test_a_hostile_name_is_shown_harmless(records, inbox, linemill):
    name = os.fsdecode(b"[red]\x1b[2J\n\xff.log")
    records.file(name)
    inbox.append(Seen(Path("/in"), name, FileState.READY, ""))
    said = linemill("files")
    assert said.out.count("[red]\\x1b[2J\\n\\xff.log") == 2
    assert "\x1b" not in said.out


def test_filters_sort_and_pages_reach_the_catalog(records, inbox, linemill):
    for number in range(3):
        records.file(f"{number}.log", since=float(number))
    records.file("bad.log", "failed")
    inbox.append(Seen(Path("/in"), "7.log", FileState.READY, ""))
    said = json.loads(linemill("files", "--state", "done", "--name", "*.log", "--sort", "name", "--limit", "2", "--json").out)
    assert [file["name"] for file in said["files"]] == ["0.log", "1.log"]
    assert said["inbox"] == []
    more = linemill("files", "--state", "done", "--sort", "name", "--limit", "2", "--after", said["after"], "--name", "*.log")
    assert "2.log" in more.out
    assert "0.log" not in more.out
    shown = linemill("files", "--limit", "2").out
    assert "and more; the next page: --after " in shown


def test_pages_with_nothing_on_them_are_turned(records, inbox, linemill, monkeypatch):
    monkeypatch.setattr("linemill.catalog.filtering.FEW", 5)
    monkeypatch.setattr("linemill.catalog.listing.LOOKS", 40)
    records.files([{"name": f"{number:03}.log", "state": "done", "since": float(number)} for number in range(100)])
    inbox.append(Seen(Path("/in"), "007.log", FileState.READY, ""))
    said = json.loads(linemill("files", "--name", "*00?.log", "--json").out)
    assert [file["name"] for file in said["inbox"]] == ["007.log"]
    assert [file["name"] for file in said["files"]] == [f"{number:03}.log" for number in range(9, -1, -1)]


def test_the_fields_of_the_answer_are_those_of_the_reference(records, inbox, linemill):
    records.file("a.log")
    inbox.append(Seen(Path("/in"), "b.log", FileState.READY, ""))
    said = json.loads(linemill("files", "--json").out)
    assert said.keys() == {"form", *ANSWERS["files"]}
    for field in said["files"][0]:
        assert f"`{field}`" in ANSWERS["files"]["files"]
    for field in said["inbox"][0]:
        assert f"`{field}`" in ANSWERS["files"]["inbox"]
    assert said["totals"] == {"done": 1}


def test_before_there_is_a_catalog_only_the_inbox_is_listed(mill, inbox, linemill, tmp_path):
    assert linemill("files").out == (
        "no files\n"
        "there is no catalog yet in .linemill; `linemill run` and `linemill watch` begin one; with --out or -p you name another\n"
    )
    inbox.append(Seen(Path("/in"), "b.log", FileState.READY, ""))
    assert "b.log" in linemill("files").out
    assert not (tmp_path / ".linemill").exists()


def test_a_wrong_pipeline_does_not_hide_the_catalog(records, linemill, monkeypatch):
    def load(path: Path) -> None:
        raise ConfigurationError(str(path), (Problem("unknown key 'nods'", 3, 1),))

    monkeypatch.setattr("linemill.pipeline.load", load)
    records.file("a.log")
    said = linemill("files")
    assert (said.code, "a.log" in said.out) == (0, True)
    assert said.err == "linemill: the inbox was not looked at: pipeline.yaml:3:1: unknown key 'nods'\n"


def test_a_page_that_there_is_not_is_refused(records, inbox, linemill):
    said = linemill("files", "--after", "x", "--json")
    assert said.code == 2
    assert json.loads(said.out)["error"]["code"] == "usage"
    assert said.err == "linemill: there is no page after 'x' in this list; begin with the first page\n"


@pytest.mark.parametrize("arguments", [["--state", "lost"], ["--sort", "size"], ["--limit", "0"]])
def test_what_cannot_be_asked_is_refused(records, inbox, linemill, arguments):
    assert linemill("files", *arguments).code == 2


def test_another_catalog_can_be_named_by_its_folder(make_records, inbox, linemill, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_records(tmp_path / "there" / ".linemill").file("a.log")
    assert "a.log" in linemill("files", "--out", "there").out

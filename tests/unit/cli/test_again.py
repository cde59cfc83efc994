import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from linemill.catalog import Catalog
from linemill.catalog.history import History
from linemill.catalog.records import FileState
from linemill.cli.documents import ANSWERS
from linemill.errors import ConfigurationError, Problem
from linemill.mill.report import Failure


@pytest.fixture
def failed(records, tmp_path):
    (tmp_path / "bad.log").write_text("a\n")
    file_id = records.file("bad.log", "failed", found=tmp_path / "bad.log", place=tmp_path / "bad.log", code="world", reason="no")
    records.attempt(file_id, state="failed")
    return file_id


@pytest.fixture
def worked(monkeypatch, make_report):
    """Stands in for the work on files that are ready: remembers which, and reports them done."""
    asked: list[Any] = []
    reports = [make_report("bad.log")]

    def work_ready(pipeline: Any, base: Path, file_ids: Collection[int], *, stop: Any) -> list[Any]:
        asked.append((base, list(file_ids)))
        return reports

    monkeypatch.setattr("linemill.mill.once.work_ready", work_ready)
    return asked, reports


def _state(folder: Path, file_id: int) -> Any:
    history = History.open(folder / ".linemill")
    assert history is not None
    with history:
        row = history.file(file_id)
    assert row is not None
    return row.state


@pytest.mark.parametrize("arguments", [["retry", "bad.log"], ["retry", "--all"], ["reprocess", "1"]])
def test_where_no_mill_runs_the_command_does_the_work_itself(failed, worked, linemill, tmp_path, arguments):
    said = linemill(*arguments)
    assert said.code == 0
    assert worked[0] == [(tmp_path, [failed])]
    assert "bad.log: done in" in said.out
    assert _state(tmp_path, failed) is FileState.READY


def test_dead_letters_are_driven_again_by_node_and_code(failed, records, worked, linemill, tmp_path):
    done = records.file("a.log")
    records.letter(done, records.attempt(done), "keep", "raised")
    said = linemill("redrive", "--node", "keep", "--code", "raised")
    assert (said.code, worked[0]) == (0, [(tmp_path, [done])])
    assert linemill("redrive", "--node", "other").err == (
        "linemill: there are no dead letters of node 'other' to take again; `linemill errors` lists all\n"
    )
    assert linemill("redrive", "--node", "kepe").err.endswith('; did you mean "keep"?; `linemill errors` lists all\n')


def test_a_file_that_fails_again_exits_with_1(failed, worked, make_report, linemill):
    worked[1][:] = [make_report("bad.log", Failure("world", "still no"))]
    said = linemill("retry", "bad.log", "--json")
    assert said.code == 1
    assert json.loads(said.out)["files"][0]["failure"]["what"] == "still no"


def test_where_a_mill_runs_it_is_asked(failed, worked, linemill, tmp_path):
    with Catalog.open(tmp_path / ".linemill", "watch") as mill:
        said = linemill("retry", "bad.log")
        assert said.code == 0
        assert said.out.startswith("bad.log (id 1): the mill has been asked (process ")
        mill.set_control("paused", {"who": "me", "reason": "", "at": 0.0}, 0.0)
        assert "the mill is paused: it begins after `linemill resume`" in linemill("retry", "bad.log").out
        mill.set_control("paused", None, 0.0)
        mill.set_control("blocked", {"reason": "little room", "since": 0.0}, 0.0)
        assert "the mill begins when it can go on: little room" in linemill("retry", "bad.log").out
        answer = json.loads(linemill("retry", "bad.log", "--json").out)
    assert answer.keys() == {"form", *ANSWERS["retry"]}
    assert answer["files"] == [{"id": 1, "name": "bad.log"}]
    assert worked[0] == []
    assert (tmp_path / ".linemill" / "wake").exists()


def test_a_wrong_pipeline_is_told_before_anything_is_asked_for(failed, worked, linemill, tmp_path, monkeypatch):
    def load(path: Path) -> None:
        raise ConfigurationError(str(path), (Problem("unknown key 'nods'", 3, 1),))

    monkeypatch.setattr("linemill.pipeline.load", load)
    said = linemill("retry", "bad.log")
    assert (said.code, said.err) == (2, "pipeline.yaml:3:1: unknown key 'nods'\n")
    assert _state(tmp_path, failed) is FileState.FAILED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["retry"], "nothing is named; name files, or give --all"),
        (["retry", "bad.log", "--all"], "files are named, and --all; name files, or give --all"),
        (["retry", "b.log"], "the catalog has no such file [b.log]; `linemill files` lists them"),
        (["reprocess", "b.log"], "the catalog has no such file [b.log]; `linemill files` lists them"),
        (["redrive", "bad.log"], "only a file that is done has dead letters; this one is failed [bad.log]"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(failed, worked, linemill, arguments, message):
    said = linemill(*arguments)
    assert (said.code, said.err, worked[0]) == (2, f"linemill: {message}\n", [])


def test_of_several_files_none_is_asked_for_if_one_cannot_be(failed, records, worked, linemill, tmp_path):
    records.file("a.log", "done", place=tmp_path / "bad.log")
    assert linemill("retry", "bad.log", "a.log").code == 2
    assert _state(tmp_path, failed) is FileState.FAILED


def test_of_all_that_failed_those_without_their_input_are_passed_over(failed, records, worked, linemill, tmp_path):
    records.file("gone.log", "failed", place=tmp_path / "gone.log")
    said = linemill("retry", "--all")
    assert (said.code, worked[0]) == (0, [(tmp_path, [failed])])
    assert said.err == "linemill: 1 file that failed cannot be tried again: the input is not there any more\n"
    (tmp_path / "bad.log").unlink()
    assert linemill("retry", "--all").code == 2


def test_all_of_none_is_told(records, worked, linemill):
    said = linemill("retry", "--all")
    assert (said.code, said.err) == (2, "linemill: no file has failed\n")


@pytest.mark.parametrize("command", [["retry", "a"], ["reprocess", "a"], ["redrive"], ["verify"], ["resume"]])
def test_without_a_catalog_there_is_nothing_to_do_again(mill, linemill, tmp_path, command):
    said = linemill(*command)
    assert said.code == 2
    assert said.err.startswith("linemill: there is no catalog yet [.linemill]; ")
    assert not (tmp_path / ".linemill").exists()


def test_a_stop_names_what_was_not_done(failed, linemill, monkeypatch):
    def work_ready(*_: Any, stop: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("linemill.mill.once.work_ready", work_ready)
    said = linemill("retry", "bad.log")
    assert (said.code, said.err) == (130, "stopped; nothing of bad.log was published\n")

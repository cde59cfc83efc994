"""What operators do: see where files are and why, have them done again, pause, count again."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PIPELINE = """\
nodes:
  keep: {use: "steps:keep", to: all}
outputs:
  all: out/{name}
"""

GROWING = PIPELINE.replace("to: all}", "to: [all, grown]}") + "  grown: out/grown\n"

FRAIL = """\
def keep(line: str) -> str:
    if line.startswith("bad"):
        raise ValueError("no good")
    return line
"""

MENDED = FRAIL.replace('raise ValueError("no good")', 'return "mended"')


@pytest.fixture
def frail(write_project: Callable[[str, str], Path]) -> Path:
    """A project whose step does not take every line."""
    return write_project(PIPELINE, FRAIL)


@pytest.fixture
def until() -> Callable[[subprocess.Popen[bytes], str], None]:
    """Read what a mill says until it has said something."""

    def wait(mill: subprocess.Popen[bytes], words: str) -> None:
        assert mill.stderr is not None
        said = []
        while line := mill.stderr.readline():
            said.append(line.decode())
            if words in said[-1]:
                return
        raise AssertionError("".join(said))

    return wait


def _mend(project: Path) -> None:
    (project / "steps.py").write_text(MENDED)


def test_a_file_that_failed_is_explained_and_tried_again(frail, linemill):
    (frail / "a.log").write_text("bad\nbad\n")
    assert linemill("run", "a.log").returncode == 1
    assert "a.log (id 1): failed\n  why    2 dead letters in 2 lines" in linemill("explain", "a.log").stdout
    assert "1 file failed as a whole" in linemill("errors").stdout
    assert linemill("retry", "a.log").returncode == 1
    _mend(frail)
    said = linemill("retry", "--all")
    assert (said.returncode, said.stderr) == (0, "")
    assert "a.log: done in" in said.stdout
    assert (frail / "out/a.log").read_text() == "mended\nmended\n"
    found = json.loads(linemill("explain", "1", "--json").stdout)["found"][0]
    assert [attempt["state"] for attempt in found["attempts"]] == ["failed", "failed", "published"]
    assert linemill("verify").stdout.startswith("all right: 1 output with 2 lines")


def test_dead_letters_are_shown_and_taken_again(frail, linemill):
    (frail / "a.log").write_text("one\nbad two\nthree\n")
    assert linemill("run", "a.log").returncode == 0
    said = linemill("errors")
    assert "1 dead letter: node keep, raised" in said.stdout
    assert "  a.log, line 2, keep: ValueError: no good\n    text: bad two\n    Traceback" in said.stdout
    _mend(frail)
    assert linemill("redrive", "--node", "keep").returncode == 0
    assert (frail / "out/a.log").read_text() == "one\nthree\nmended\n"
    assert linemill("errors").stdout == "no dead letters\n"
    assert not (frail / "dead/a.log.jsonl").exists()
    assert linemill("verify", "a.log").returncode == 0


def test_a_file_done_anew_replaces_its_outputs(frail, linemill):
    (frail / "a.log").write_text("one\nbad two\n")
    assert linemill("run", "a.log").returncode == 0
    _mend(frail)
    assert linemill("reprocess", "a.log").returncode == 0
    assert (frail / "out/a.log").read_text() == "one\nmended\n"
    assert linemill("verify").returncode == 0


def test_a_growing_output_gets_lines_a_second_time_only_if_somebody_says_so(write_project, linemill):
    project = write_project(GROWING, FRAIL)
    (project / "a.log").write_text("one\n")
    assert linemill("run", "a.log").returncode == 0
    said = linemill("reprocess", "a.log")
    assert said.returncode == 2
    assert "the growing output 'grown' has the lines of this file already [a.log]; --append-again" in said.stderr
    assert linemill("reprocess", "a.log", "--append-again").returncode == 0
    assert (project / "out/grown").read_text() == "one\none\n"
    assert linemill("verify").returncode == 0


def test_what_somebody_does_to_published_files_is_found(write_project, linemill):
    project = write_project(GROWING, FRAIL)
    for name in ("a.log", "b.log", "c.log"):
        (project / name).write_text(f"{name}\n")
    assert linemill("run", "a.log", "b.log", "c.log").returncode == 0
    (project / "out/a.log").unlink()
    (project / "out/b.log").write_text("B.log\n")
    with (project / "out/grown").open("a") as grown:
        grown.write("a stranger\n")
    said = linemill("verify", "--json")
    assert said.returncode == 1
    found = json.loads(said.stdout)["findings"]
    assert {(Path(each["target"]).name, each["wrong"]) for each in found} == {
        ("a.log", "missing"),
        ("b.log", "changed"),
        ("grown", "foreign"),
    }
    assert linemill("verify", "c.log").returncode == 1  # its lines are right, and what is behind them is not
    assert linemill("run", "c.log", "--out", "there").returncode == 0
    assert linemill("verify", "--out", "there").returncode == 0


def test_a_mill_that_runs_hears_what_is_asked_of_it(frail, linemill, start, until):
    mill = start("watch", "--no-web")
    until(mill, "Watching ")
    assert linemill("pause", "backup").stdout.endswith(" begins no file\n")
    until(mill, "mill_paused")
    (frail / "inbox/a.log").write_text("bad\nbad\n")
    said = linemill("explain", "a.log").stdout
    assert said.startswith("a.log: ")
    assert "nothing, until `linemill resume`: " in said
    assert linemill("resume").returncode == 0
    until(mill, "file_failed")
    assert _states(linemill) == {"a.log": "failed"}
    _mend(frail)
    until(mill, "pipeline_reloaded")
    said = linemill("retry", "a.log")
    assert "the mill has been asked" in said.stdout
    until(mill, "file_done")
    assert (frail / "out/a.log").read_text() == "mended\nmended\n"
    assert linemill("reprocess", "a.log").returncode == 0
    until(mill, "file_done")
    assert _states(linemill) == {"a.log": "done"}
    assert linemill("verify").returncode == 0
    mill.terminate()
    assert mill.wait(30) == 0


def test_a_name_that_acts_on_terminals_does_nothing_anywhere(frail, linemill):
    name = "x\x1b[2J\n\u202e.log"
    (frail / name).write_text("bad\x07\ngood\n")
    assert linemill("run", name).returncode == 0
    for command in (["files"], ["explain", name], ["errors"], ["errors", name], ["verify"], ["reprocess", name]):
        said = linemill(*command)
        assert said.returncode == 0
        assert not {"\x1b", "\x07", "\u202e"} & set(said.stdout + said.stderr), command


def _states(linemill: Callable[..., subprocess.CompletedProcess[str]]) -> dict[str, Any]:
    return {file["name"]: file["state"] for file in json.loads(linemill("files", "--json").stdout)["files"]}


def test_what_died_behind_a_stream_goes_on_from_there_and_no_line_comes_twice(write_project, linemill):
    joined = PIPELINE.replace(
        "nodes:\n", 'nodes:\n  join: {use: linemill.processors:join_lines, with: {start: "^[a-z]"}, to: keep}\n'
    )
    project = write_project(joined, FRAIL)
    (project / "a.log").write_text("one\nbad two\nthree\nfour\n")
    assert linemill("run", "a.log").returncode == 0
    assert "line 3, keep: ValueError: no good\n    text: three\n    item: bad two\n" in linemill("errors").stdout
    _mend(project)
    said = linemill("redrive")
    assert said.returncode == 0
    assert "  lines in  0" in said.stdout
    assert "  taken on  1  from the nodes that they died at\n" in said.stdout
    assert (project / "out/a.log").read_text() == "one\nthree\nfour\nmended\n"
    assert linemill("errors").stdout == "no dead letters\n"
    assert linemill("verify").returncode == 0
    assert linemill("reprocess", "a.log").returncode == 0
    assert (project / "out/a.log").read_text() == "one\nmended\nthree\nfour\n"
    assert linemill("verify").returncode == 0

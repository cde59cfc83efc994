"""The command line as it is used: pipes, Ctrl-C, strange names, programs that read along."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PASS = """\
nodes:
  keep: {use: "steps:keep", to: {tick: ticks, "*": all}}
outputs:
  all: out/all/{name}
  ticks: out/ticks/{name}
"""

STEPS = """\
import sys

def keep(line: str):
    if line == "mark":
        print("marked", file=sys.stderr, flush=True)
    if line == "hang":
        print("hanging", file=sys.stderr, flush=True)
        while True:
            pass
    if line == "bad":
        raise ValueError("[red]bad\\x1b[2J[/red]")
    return ("tick", line) if line == "tick" else line
"""


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """A project with a step that hangs, raises or tags, as the line says."""
    (tmp_path / "pipeline.yaml").write_text(PASS)
    (tmp_path / "steps.py").write_text(STEPS)
    return tmp_path


def test_standard_input_is_a_file_called_stdin(steps, linemill):
    assert linemill("run", "-", given=b"a\ntick\nb").returncode == 0
    assert (steps / "out/all/stdin").read_bytes() == b"a\nb\n"
    assert (steps / "out/ticks/stdin").read_bytes() == b"tick\n"


def test_an_output_can_go_to_standard_output_alone(steps, linemill):
    said = linemill("run", "-", "--to-stdout", "all", given=b"a\ntick\nb\n")
    assert (said.returncode, said.stdout) == (0, "a\nb\n")
    assert "lines in" in said.stderr
    assert (steps / "out/ticks/stdin").read_bytes() == b"tick\n"
    assert not (steps / "out/all").exists()


def test_outputs_go_under_another_folder_if_one_is_named(steps, linemill):
    (steps / "a.log").write_text("a\n")
    assert linemill("run", "a.log", "--out", "there").returncode == 0
    assert (steps / "there/out/all/a.log").read_bytes() == b"a\n"
    assert not (steps / "out").exists()


@pytest.mark.parametrize(("arguments", "folder"), [((), "."), (("--out", "there"), "there")])
def test_a_run_leaves_its_catalog_beside_what_it_writes_and_nothing_else_of_its_own(steps, linemill, arguments, folder):
    (steps / "a.log").write_text("a\n")
    assert linemill("run", "a.log", *arguments).returncode == 0
    state = [path for path in steps.rglob("*") if path.parent.name == ".linemill"]
    assert state == [steps / folder / ".linemill" / "catalog.db"]


def test_json_is_one_object_that_agrees_with_the_files(steps, linemill):
    (steps / "a.log").write_text("a\ntick\nbad\n")
    said = linemill("run", "a.log", "--json")
    answer = json.loads(said.stdout)
    assert (said.returncode, said.stderr, answer["state"]) == (0, "", "done")
    (file,) = answer["files"]
    assert (file["lines"], file["dead"], file["nodes"]["keep"]["dead"]) == (3, 1, 1)
    for published in file["published"]:
        data = Path(published["path"]).read_bytes()
        assert (data.count(b"\n"), len(data)) == (published["lines"], published["bytes"])


def test_a_dead_letter_is_shown_with_its_line_and_its_reason_harmlessly(steps, linemill):
    (steps / "a.log").write_text("a\nbad\n")
    said = linemill("run", "a.log")
    assert said.returncode == 0
    assert "line 2, keep: ValueError: [red]bad\\x1b[2J[/red]\n" in said.stdout
    assert "dead/a.log.jsonl" in said.stdout
    assert linemill("run", "a.log", "--strict").returncode == 1


def test_a_file_that_is_not_there_fails_and_the_others_are_done(steps, linemill):
    (steps / "a.log").write_text("a\n")
    said = linemill("run", "missing.log", "a.log")
    assert said.returncode == 1
    assert "missing.log: failed (vanished), nothing of it was published" in said.stdout
    assert "1 file done in" in said.stdout
    assert (steps / "out/all/a.log").read_bytes() == b"a\n"


def test_a_name_with_anything_in_it_is_shown_harmlessly(steps, linemill):
    name = b"[red]\x1b[2J\n\xff.log"
    (steps / os.fsdecode(name)).write_bytes(b"a\n")
    said = linemill("run", name)
    assert said.returncode == 0
    assert "[red]\\x1b[2J\\n\\xff.log: done" in said.stdout
    assert "\x1b" not in said.stdout
    assert (steps / "out/all" / os.fsdecode(name)).read_bytes() == b"a\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_publishes_nothing_and_leaves_nothing(steps, start, number, code, workers):
    (steps / "a.log").write_text("a\nhang\n")
    process = start("run", "a.log", "--workers", workers)
    assert process.stderr.readline() == b"hanging\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (code, b"")
    assert err == b"stopped; nothing of a.log was published\n"
    assert _left(steps) == []


def test_a_stop_is_heard_while_waiting_for_standard_input(steps, start):
    process = start("run", "-")
    # More than a block, so that the program works on some of it and then waits for the rest.
    process.stdin.write(b"mark\n" + b"a line of some length\n" * 20_000)
    process.stdin.flush()
    assert process.stderr.readline() == b"marked\n"
    process.send_signal(signal.SIGINT)
    # Not `communicate`: it would close standard input, and the program would come to its end.
    assert process.wait(30) == 130
    assert process.stderr.read() == b"stopped; nothing of standard input was published\n"
    assert _left(steps) == []


def test_a_reader_who_has_seen_enough_ends_the_run_quietly(steps, start):
    (steps / "a.log").write_bytes(b"a line of some length\n" * 200_000)
    process = start("run", "a.log", "--to-stdout", "all")
    assert process.stdout.readline() == b"a line of some length\n"
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(30) == 141
    assert b"Traceback" not in err
    assert b"Broken" not in err
    process.stderr.close()
    process.stdin.close()
    assert _left(steps) == []


def test_a_summary_nobody_reads_does_not_change_the_exit_code(steps, start):
    (steps / "a.log").write_text("a\n")
    reading, writing = os.pipe()
    os.close(reading)
    process = start("run", "a.log", stdout=writing, stdin=subprocess.DEVNULL)
    os.close(writing)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"")
    assert (steps / "out/all/a.log").read_bytes() == b"a\n"


def test_help_to_a_closed_pipe_is_quiet(steps, start):
    reading, writing = os.pipe()
    os.close(reading)
    process = start("processors", stdout=writing, stdin=subprocess.DEVNULL)
    os.close(writing)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (141, b"")


def _left(folder: Path) -> list[str]:
    """Everything that is there besides the project itself, its catalog and empty folders."""
    mine = {"pipeline.yaml", "steps.py", "a.log", "catalog.db"}
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name not in mine]

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from linemill.cli.document import FIELDS
from linemill.errors import ConfigurationError, InvariantBroken, Problem, WorldError
from linemill.mill.report import Failure


def test_everything_asked_for_reaches_the_mill(mill, make_report, linemill, monkeypatch):
    mill.reports = [make_report()]
    sized = []
    monkeypatch.setattr("linemill.mill.pool.size_for", lambda pipeline, *asked: sized.append(asked))
    linemill("run", "a.log", "-", "--out", "there", "--workers", "3", "--to-stdout", "errors", "-p", "other.yaml")
    assert mill.asked["inputs"] == [Path("a.log"), None]
    assert mill.asked["out"] == Path("there")
    assert sized == [([Path("a.log"), None], 3, "errors")]
    assert mill.asked["to_stdout"] == "errors"


def test_a_file_named_like_an_option_is_a_file_after_two_dashes(mill, make_report, linemill):
    mill.reports = [make_report()]
    assert linemill("run", "--", "--json").code == 0
    assert mill.asked["inputs"] == [Path("--json")]


def test_a_run_without_failures_exits_with_0(mill, make_report, linemill):
    mill.reports = [make_report()]
    assert linemill("run", "app.log").code == 0


def test_dead_letters_exit_with_1_only_when_strict(mill, make_report, linemill):
    mill.reports = [make_report()]
    assert linemill("run", "app.log", "--strict").code == 1


def test_a_failed_file_exits_with_1(mill, make_report, linemill):
    mill.reports = [make_report("good.log"), make_report("bad.log", Failure("corrupt", "the gzip data is damaged"))]
    said = linemill("run", "good.log", "bad.log")
    assert said.code == 1
    assert "bad.log: failed (corrupt), nothing of it was published\n  the gzip data is damaged\n" in said.out
    assert "1 file done in" in said.out


def test_a_wrong_pipeline_exits_with_2_and_shows_every_problem_with_its_place(mill, linemill, monkeypatch):
    def load(path: Path) -> None:
        problems = (Problem("unknown key 'nods'", 3, 1, "did you mean nodes?"), Problem("no outputs", 9, 5))
        raise ConfigurationError(str(path), problems)

    monkeypatch.setattr("linemill.pipeline.load", load)
    said = linemill("run", "app.log")
    assert said.code == 2
    assert said.out == ""
    assert said.err == "pipeline.yaml:3:1: unknown key 'nods'; did you mean nodes?\npipeline.yaml:9:5: no outputs\n"


def test_without_a_pipeline_file_the_message_says_what_to_do(linemill, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = linemill("run", "app.log")
    assert said.code == 2
    assert said.err == (
        f"linemill: there is no pipeline.yaml in the current folder [{tmp_path}]; "
        "name one with -p FILE, or make a new project with: linemill init FOLDER\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-", "-"], "standard input (-) is named more than once; it can be read only once"),
        (["x", "--json", "--to-stdout", "errors"], "--json and --to-stdout both write to standard output; leave one of them out"),
        (["x", "--to-stdout", "eror"], "--to-stdout names no output of the pipeline: eror; did you mean errors?"),
        (["x", "--to-stdout", "zzz"], "--to-stdout names no output of the pipeline: zzz; there are: errors, warnings, general"),
        (
            ["x", "--out", "pipeline.yaml"],
            "--out names a file [pipeline.yaml]; name a folder; it is made if it is not there",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(mill, linemill, arguments, message):
    said = linemill("run", *arguments)
    assert (said.code, said.err) == (2, f"linemill: {message}\n")
    assert mill.asked == {}


@pytest.mark.parametrize("arguments", [["x", "--workers", "0"], ["x", "--no-such-option"], ["x", "--workers", "many"]])
def test_an_option_that_is_not_understood_exits_with_2(mill, linemill, arguments):
    said = linemill("run", *arguments)
    assert said.code == 2
    assert "Error: " in said.err


def test_a_world_that_says_no_exits_with_1(mill, linemill):
    mill.error = WorldError("the disk is full", "/data/out", "make room and run again", code="disk_full")
    said = linemill("run", "app.log")
    assert (said.code, said.err) == (1, "linemill: the disk is full [/data/out]; make room and run again\n")


def test_counts_that_do_not_agree_exit_with_70(mill, linemill):
    mill.error = InvariantBroken("a line was counted twice")
    assert linemill("run", "app.log").code == 70


def test_an_error_nobody_expected_shows_its_traceback_and_exits_with_70(mill, linemill):
    mill.error = RuntimeError("\x1b[31mboom")
    said = linemill("run", "app.log")
    assert said.code == 70
    assert "RuntimeError: \\x1b[31mboom\n" in said.err
    assert said.err.endswith("linemill broke; this is a bug in it: please report it with the lines above\n")


class TestStopping:
    def test_ctrl_c_says_what_was_not_published_and_exits_with_130(self, mill, make_report, linemill):
        mill.reports = [make_report("a.log")]
        mill.before_end = lambda stop: _ask(signal.SIGINT, stop)
        mill.error = KeyboardInterrupt()
        said = linemill("run", "a.log", "b.log", "-")
        assert said.code == 130
        assert said.err == "stopped; nothing of b.log and 1 more file was published\n"
        assert "a.log: done" in said.out

    def test_sigterm_exits_with_143(self, mill, linemill):
        mill.before_end = lambda stop: _ask(signal.SIGTERM, stop)
        mill.error = KeyboardInterrupt()
        said = linemill("run", "b.log")
        assert (said.code, said.err) == (143, "stopped; nothing of b.log was published\n")

    def test_a_second_signal_breaks_in_wherever_the_program_is(self, mill, linemill):
        def hang(stop: threading.Event) -> None:
            _ask(signal.SIGINT, stop)
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(30)
            pytest.fail("the second signal was not heard")

        mill.before_end = hang
        assert linemill("run", "-").code == 130

    def test_one_signal_is_enough_when_the_work_hangs(self, mill, linemill, monkeypatch):
        def hang(stop: threading.Event) -> None:
            _ask(signal.SIGINT, stop)
            threading.Event().wait(30)
            pytest.fail("the signal was not heard")

        monkeypatch.setattr("linemill.cli.stopping.GRACE_S", 0.05)
        mill.before_end = hang
        assert linemill("run", "-").code == 130

    def test_a_stop_that_comes_after_the_last_file_changes_nothing(self, mill, make_report, linemill):
        mill.reports = [make_report("a.log")]
        mill.before_end = lambda stop: _ask(signal.SIGINT, stop)
        assert linemill("run", "a.log").code == 0

    def test_what_signals_did_before_they_do_again_afterwards(self, mill, make_report, linemill):
        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
        mill.reports = [make_report()]
        linemill("run", "app.log")
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

    def test_a_signal_that_is_ignored_stays_ignored(self, mill, linemill):
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            mill.before_end = lambda stop: os.kill(os.getpid(), signal.SIGINT)
            assert linemill("run", "a.log").code == 0
            assert not mill.asked["stop"].is_set()
        finally:
            signal.signal(signal.SIGINT, before)


class TestJson:
    def test_standard_output_is_one_object_with_everything(self, mill, make_report, linemill, tmp_path):
        mill.reports = [make_report(), make_report("bad.log", Failure("processor", "it raised", "Traceback ...\n", True))]
        said = linemill("run", "app.log", "bad.log", "--json")
        answer = json.loads(said.out)
        assert said.code == answer["exit_code"] == 1
        assert answer["state"] == "failed"
        assert answer["pipeline"] == {"name": "web-logs", "path": str(tmp_path / "pipeline.yaml")}
        assert answer["totals"] == {"files": 2, "failed": 1, "lines": 1000, "dead": 6, "bytes": 12_000}
        good, bad = answer["files"]
        assert good["nodes"]["level"]["sent"] == {"errors": 20, "drop": 9, "snake": 958}
        assert good["published"][0] == {
            "output": "errors",
            "path": str(tmp_path / "out/errors/app.log"),
            "lines": 20,
            "bytes": 500,
        }
        assert bad["failure"] == {"code": "processor", "what": "it raised", "traceback": "Traceback ...\n", "may_retry": True}

    def test_every_field_is_described_in_the_reference(self, mill, make_report, linemill):
        mill.reports = [make_report()]
        answer = json.loads(linemill("run", "app.log", "--json").out)
        found = set(answer) | {f"files[].{field}" for field in answer["files"][0]}
        assert found == set(FIELDS)

    def test_a_refusal_is_an_object_with_the_same_fields_and_in_words_on_standard_error(
        self, mill, make_report, linemill, monkeypatch
    ):
        mill.reports = [make_report()]
        done = json.loads(linemill("run", "app.log", "--json").out)

        def load(path: Path) -> None:
            raise ConfigurationError(str(path), (Problem("no outputs", 9, 5),))

        monkeypatch.setattr("linemill.pipeline.load", load)
        said = linemill("run", "app.log", "--json")
        answer = json.loads(said.out)
        assert said.code == answer["exit_code"] == 2
        assert answer.keys() == done.keys()
        assert answer["state"] == "refused"
        assert answer["error"] == {
            "code": "configuration",
            "what": "pipeline.yaml:9:5: no outputs",
            "problems": [{"what": "no outputs", "line": 9, "column": 5, "hint": ""}],
        }
        assert said.err == "pipeline.yaml:9:5: no outputs\n"

    def test_a_stopped_run_names_what_is_unfinished(self, mill, linemill):
        mill.error = KeyboardInterrupt()
        answer = json.loads(linemill("run", "a.log", "-", "--json").out)
        assert (answer["state"], answer["exit_code"], answer["unfinished"]) == ("stopped", 130, ["a.log", None])

    def test_a_name_that_is_not_utf_8_is_json_for_the_strictest_reader(self, mill, make_report, linemill):
        import orjson

        name = os.fsdecode(b"caf\xe9-\xc3\xa9.log")
        mill.reports = [make_report(name)]
        answer = orjson.loads(linemill("run", name, "--json").out)
        assert answer["files"][0]["name"] == "caf\\xe9-é.log"


def _ask(number: int, stop: threading.Event) -> None:
    os.kill(os.getpid(), number)
    assert stop.wait(10)


def test_an_empty_name_is_refused_before_anything_is_begun(linemill):
    said = linemill("run", "")
    assert (said.code, said.err) == (2, "linemill: an input has an empty name; name a file, or - for standard input\n")

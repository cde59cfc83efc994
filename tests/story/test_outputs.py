"""What `linemill run` writes, what it refuses to write, and what it says when the world says no."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PASS = """\
nodes:
  keep: {use: "steps:keep", to: {tick: ticks, "*": all}}
outputs:
  all: out/all/{name}
  ticks: out/ticks/{name}
"""

GROWING = PASS.replace("/{name}", ".log")

KEEP = """\
def keep(line: str):
    if line.startswith("bad"):
        raise ValueError("no good")
    return ("tick", line) if line == "tick" else line
"""


@pytest.fixture
def passing(write_project):
    """A project with two outputs; lines that begin with `bad` are dead letters."""
    return write_project(PASS, KEEP)


class TestRefusedBeforeAnythingIsBegun:
    @pytest.fixture
    def refusal(self, passing, linemill, files_in):
        """Run what is refused, and give the message."""

        def apply(*arguments):
            before = files_in(passing)
            said = linemill("run", *arguments)
            assert (said.returncode, said.stdout) == (2, "")
            assert files_in(passing) == before
            return said.stderr

        return apply

    def test_two_inputs_with_one_name(self, passing, refusal):
        for folder in ("one", "two"):
            (passing / folder).mkdir()
            (passing / folder / "a.log").write_text("a\n")
        assert refusal("one/a.log", "two/a.log") == (
            f"linemill: output 'all' of two/a.log and output 'all' of one/a.log have the same path [{passing}/out/all/a.log]; "
            "run them one after the other with different --out folders\n"
        )

    def test_one_input_named_twice(self, passing, refusal):
        (passing / "a.log").write_text("a\n")
        assert refusal("a.log", "./a.log") == "linemill: the input is named twice [a.log]; name it once\n"

    def test_two_outputs_that_become_one_path(self, passing, refusal):
        (passing / "pipeline.yaml").write_text(
            PASS.replace("out/all/{name}", "out/{name}.x").replace("out/ticks/{name}", "out/{stem}.log.x")
        )
        (passing / "a.log").write_text("a\n")
        assert "output 'ticks' of a.log and output 'all' of a.log have the same path" in refusal("a.log")

    @pytest.mark.parametrize("name", ["out/all/a.log", "out/ticks/../all/a.log", "link.log", "linked/a.log", "dead/x.jsonl"])
    def test_an_output_that_would_be_written_over_an_input(self, passing, refusal, name):
        for folder in ("out/all", "out/ticks", "dead"):
            (passing / folder).mkdir(parents=True)
        (passing / "x").write_text("a\n")
        (passing / "dead/x.jsonl").write_text("a\n")
        (passing / "out/all/a.log").write_text("a\n")
        (passing / "link.log").symlink_to("out/all/link.log")
        (passing / "out/all/link.log").write_text("a\n")
        (passing / "linked").symlink_to("out/all")
        assert f" would overwrite the input {name} [" in refusal("x", name)

    @pytest.mark.parametrize("name", ["pipeline.yaml", "steps.py"])
    def test_an_output_that_would_be_written_over_the_pipeline(self, passing, refusal, name):
        (passing / "pipeline.yaml").write_text(PASS.replace("out/all/{name}", "'{name}'"))
        (passing / "in").mkdir()
        (passing / "in" / name).write_text("a\n")
        assert refusal(f"in/{name}") == (
            f"linemill: output 'all' of in/{name} would overwrite the pipeline's own {passing}/{name} [{passing}/{name}]; "
            "give the output another folder\n"
        )

    def test_a_file_whose_lines_are_in_a_growing_output_already(self, passing, linemill, refusal):
        (passing / "pipeline.yaml").write_text(GROWING)
        for name in ("a.log", "b.log"):
            (passing / name).write_text("a\ntick\n")
        assert linemill("run", "a.log").returncode == 0
        assert refusal("b.log", "a.log") == (
            "linemill: the lines of this file are in the growing output 'all' already [a.log]; "
            "`linemill reprocess FILE --append-again` writes them a second time\n"
        )


class TestWhatIsWritten:
    @pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
    def test_permissions_come_from_the_umask_and_never_from_the_input(self, passing, linemill, umask, mode):
        (passing / "a.log").write_text("a\nbad\n")
        (passing / "a.log").chmod(0o755)
        assert linemill("run", "a.log", umask=umask).returncode == 0
        written = ["out/all/a.log", "out/ticks/a.log", "dead/a.log.jsonl"]
        assert [stat.S_IMODE((passing / path).stat().st_mode) for path in written] == [mode] * 3

    def test_a_dead_letter_says_file_line_node_reason_text_and_place_in_the_code(self, passing, linemill):
        (passing / "a.log").write_bytes(b"a\nbad \xff\xc3\xa9\n")
        assert linemill("run", "a.log").returncode == 0
        (letter,) = map(json.loads, (passing / "dead/a.log.jsonl").read_bytes().splitlines())
        assert letter == {
            "file": "a.log",
            "line": 2,
            "node": "keep",
            "code": "raised",
            "error": "ValueError: no good",
            "text": "bad \udcff\u00e9",
            "traceback": "Traceback (most recent call last):\n"
            f'  File "{passing}/steps.py", line 3, in keep\n    raise ValueError("no good")\nValueError: no good\n',
        }

    def test_dead_letters_go_when_a_later_run_has_none(self, passing, linemill, files_in):
        (passing / "a.log").write_text("a\nbad\n")
        linemill("run", "a.log")
        assert "dead/a.log.jsonl" in files_in(passing)
        (passing / "a.log").write_text("a\ngood\n")
        linemill("run", "a.log")
        assert files_in(passing) == ["a.log", "out/all/a.log", "out/ticks/a.log"]

    def test_outputs_of_an_earlier_run_stay_as_they_are_when_the_file_fails(self, passing, linemill):
        (passing / "a.log").write_text("a\nbad\n")
        linemill("run", "a.log")
        before = {path: path.read_bytes() for path in passing.glob("*/**/*.log*")}
        assert len(before) == 3
        (passing / "a.log").write_bytes(b"\x1f\x8b\x08 not really")
        assert linemill("run", "a.log").returncode == 1
        assert {path: path.read_bytes() for path in passing.glob("*/**/*.log*")} == before

    def test_an_output_that_is_a_link_is_replaced_and_what_it_points_to_stays(self, passing, linemill):
        (passing / "out/all").mkdir(parents=True)
        (passing / "precious").write_text("keep me\n")
        (passing / "out/all/a.log").symlink_to(passing / "precious")
        (passing / "a.log").write_text("a\n")
        assert linemill("run", "a.log").returncode == 0
        assert (passing / "precious").read_text() == "keep me\n"
        assert (passing / "out/all/a.log").read_text() == "a\n"
        assert not (passing / "out/all/a.log").is_symlink()


class TestGrowingOutputs:
    """One file for the lines of all inputs: each file's lines together, once, in the order in which the files were named."""

    NAMES = tuple(f"{number}.log" for number in range(8))

    @pytest.fixture
    def growing(self, passing):
        (passing / "pipeline.yaml").write_text(GROWING)
        for number, name in enumerate(self.NAMES):
            (passing / name).write_text(f"{name}\n" + "tick\n" * number)
        return passing

    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_lines_come_in_the_order_of_the_files_and_those_of_a_file_that_fails_do_not(self, growing, linemill, workers):
        (growing / "3.log").write_bytes(b"\x1f\x8b\x08 not really")
        said = linemill("run", *self.NAMES, "--json", "--workers", workers)
        assert said.returncode == 1
        reports = {report["name"]: report for report in json.loads(said.stdout)["files"]}
        assert [name for name in self.NAMES if reports[name]["state"] == "failed"] == ["3.log"]
        ticks = sum(number for number in range(8) if number != 3)
        assert (growing / "out/ticks.log").read_text() == "tick\n" * ticks
        assert (growing / "out/all.log").read_text() == "".join(f"{name}\n" for name in self.NAMES if name != "3.log")

    def test_a_file_that_has_changed_is_another_one_whose_lines_are_added(self, growing, linemill):
        linemill("run", "1.log", "2.log")
        (growing / "1.log").write_text("anew\n")
        assert linemill("run", "1.log").returncode == 0
        assert (growing / "out/all.log").read_text() == "1.log\n2.log\nanew\n"

    def test_what_somebody_else_wrote_is_kept_and_said_and_the_lines_come_when_it_is_moved_away(self, growing, linemill):
        linemill("run", "1.log")
        with (growing / "out/all.log").open("a") as stranger:
            stranger.write("not ours\n")
        said = linemill("run", "2.log")
        assert said.returncode == 1
        assert "the output has 9 bytes at byte 6 that linemill did not write" in said.stderr
        assert (growing / "out/all.log").read_text() == "1.log\nnot ours\n"
        (growing / "out/all.log").rename(growing / "out/old.log")
        assert linemill("run", "4.log").returncode == 0
        assert (growing / "out/all.log").read_text() == "2.log\n4.log\n"


class TestErrorBudget:
    def test_too_many_dead_letters_fail_the_file_and_the_message_shows_the_first(self, passing, linemill, files_in):
        (passing / "a.log").write_text("a\n" * 50 + "bad\n" * 11)
        said = linemill("run", "a.log", "--json")
        failure = json.loads(said.stdout)["files"][0]["failure"]
        assert (said.returncode, failure["code"]) == (1, "budget")
        assert failure["what"] == (
            "11 dead letters in 61 lines, more than the error budget allows (10 %, and never fewer than 10) [a.log]; "
            "the first is line 51, keep: ValueError: no good; mend what is wrong, or raise `errors: {budget: ...}`"
        )
        assert files_in(passing) == ["a.log"]

    @pytest.mark.parametrize(("budget", "dead", "code"), [("0", 1, 1), ("5", 5, 0), ("5", 6, 1), ("50%", 20, 0), ("50%", 21, 1)])
    def test_the_pipeline_says_how_many_are_too_many(self, passing, linemill, budget, dead, code):
        (passing / "pipeline.yaml").write_text(PASS + f"errors: {{budget: {budget}}}\n")
        (passing / "a.log").write_text("a\n" * (40 - dead) + "bad\n" * dead)
        assert linemill("run", "a.log").returncode == code


class TestAWorldThatSaysNo:
    @pytest.fixture(params=["1", "2"])
    def workers(self, request):
        return request.param

    def test_a_disk_that_is_full_fails_the_file_and_leaves_nothing_on_it(self, passing, files_in, workers):
        (passing / "a.log").write_bytes(b"a line of some length\n" * 100_000)
        (passing / "b.log").write_text("small\n")
        (passing / "out").mkdir()
        # A disk of our own, in a name space of our own: it is gone with the process, so what is left on it is listed before.
        begin = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
        script = 'mount -t tmpfs -o size=1m none out || exit 99; "$@"; code=$?; find out -type f -printf "left %P\\n"; exit $code'
        arguments = [sys.executable, "-m", "linemill", "run", "a.log", "b.log", "--json", "--workers", workers]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        said = subprocess.run(
            [*begin, "sh", "-c", script, "sh", *arguments],
            cwd=passing,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert said.returncode == 1, said.stderr
        told, _, left = said.stdout.partition("\n}\n")
        large, small = json.loads(told + "}")["files"]
        assert (large["failure"]["code"], large["failure"]["may_retry"], small["state"]) == ("disk_full", True, "done")
        assert "no space left on device" in large["failure"]["what"]
        assert "free some space" in large["failure"]["what"]
        assert sorted(left.splitlines()) == ["left all/b.log", "left ticks/b.log"]
        assert files_in(passing) == ["a.log", "b.log"]

    def test_a_file_larger_than_is_allowed_fails_and_leaves_nothing(self, passing, linemill, files_in, workers):
        (passing / "a.log").write_bytes(b"a line of some length\n" * 100_000)
        (passing / "b.log").write_text("small\n")
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))  # noqa: E731
        said = linemill("run", "a.log", "b.log", "--workers", workers, preexec_fn=limit)
        assert said.returncode == 1
        assert (
            "a.log: failed (cannot_write), nothing of it was published\n  the output could not be staged: file too large"
            in said.stdout
        )
        assert files_in(passing) == ["a.log", "b.log", "out/all/b.log", "out/ticks/b.log"]

    def test_a_folder_that_cannot_be_written_fails_the_file(self, passing):
        (passing / "a.log").write_text("a\n")
        (passing / "out").mkdir()
        begin = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
        script = 'mount -t tmpfs -o ro none out || exit 99; exec "$@"'
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [*begin, "sh", "-c", script, "sh", sys.executable, "-m", "linemill", "run", "a.log"]
        said = subprocess.run(command, cwd=passing, env=environment, capture_output=True, text=True, timeout=60)
        assert said.returncode == 1, said.stderr
        assert "the output could not be staged: read-only file system" in said.stdout
        assert "name a folder that can be written" in said.stdout

    def test_a_project_that_cannot_be_written_is_refused_unless_the_outputs_go_elsewhere(self, passing, tmp_path_factory):
        (passing / "a.log").write_text("a\n")
        begin = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
        script = (
            f'cd / && mount --bind {passing} {passing} && mount -o remount,ro,bind {passing} && cd {passing} || exit 99; "$@"'
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [*begin, "sh", "-c", script, "sh", sys.executable, "-m", "linemill", "run", "a.log"]
        said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert (said.returncode, said.stdout) == (1, "")
        assert said.stderr == (
            f"linemill: the state folder cannot be used: read-only file system [{passing}/.linemill]; "
            "move what is there, or name another folder with --out\n"
        )
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        said = subprocess.run([*command, "--out", elsewhere], env=environment, capture_output=True, text=True, timeout=60)
        assert said.returncode == 0, said.stderr
        assert (elsewhere / "out/all/a.log").read_text() == "a\n"

    @pytest.mark.parametrize(
        "what",
        [
            "out/all/a.log",
            "out",
            "out/all",
            "dead",
            "dead/a.log.jsonl",
        ],
    )
    def test_something_else_where_an_output_should_be_fails_the_file(self, passing, linemill, files_in, what):
        (passing / "a.log").write_text("a\n")
        if what.endswith(("a.log", ".jsonl")):
            (passing / what).mkdir(parents=True)
        else:
            (passing / what).parent.mkdir(exist_ok=True)
            (passing / what).write_text("a file\n")
        before = files_in(passing)
        said = linemill("run", "a.log", "--json")
        failure = json.loads(said.stdout)["files"][0]["failure"]
        assert (said.returncode, failure["code"]) == (1, "target")
        assert f"[{passing}/{what}]" in failure["what"]
        assert files_in(passing) == before

    def test_standard_output_that_is_full_fails_the_file(self, passing, start, files_in):
        (passing / "a.log").write_text("a\n" * 10)
        with open("/dev/full", "wb") as full:
            process = start("run", "a.log", "--to-stdout", "all", stdout=full)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert b"the output could not be written: no space left on device [standard output]" in err
        assert files_in(passing) == ["a.log"]

    def test_standard_output_that_is_closed_is_refused(self, passing, start, files_in):
        (passing / "a.log").write_text("a\n")
        process = start("run", "a.log", "--to-stdout", "all", stdout=None, preexec_fn=lambda: os.close(1))
        _, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert err == b"linemill: standard output is closed; leave --to-stdout out, or give the lines somewhere to go\n"
        assert files_in(passing) == ["a.log"]


class TestPrints:
    """A processor may print whatever it likes, in whatever way: it never gets between data."""

    STEPS = """\
import os
import subprocess
import sys
from sys import stdout

print("imported")

def keep(line: str) -> str:
    print("printed")
    stdout.write("written\\n")
    sys.__stdout__.write("written again\\n")
    os.write(1, b"by descriptor\\n")
    subprocess.run(["echo", "by a child"], check=True)
    return line
"""
    SAID = frozenset({"imported", "printed", "written", "written again", "by descriptor", "by a child"})

    @pytest.fixture
    def talking(self, write_project):
        folder = write_project(PASS, self.STEPS)
        (folder / "a.log").write_text("a\nb\n")
        return folder

    def test_not_between_lines(self, talking, linemill):
        said = linemill("run", "a.log", "--to-stdout", "all")
        assert (said.returncode, said.stdout) == (0, "a\nb\n")
        assert set(said.stderr.splitlines()) >= self.SAID

    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_not_into_json(self, talking, linemill, workers):
        said = linemill("run", "a.log", "--json", "--workers", workers)
        assert json.loads(said.stdout)["totals"]["lines"] == 2
        assert set(said.stderr.splitlines()) >= self.SAID

    def test_not_into_a_drawing(self, talking, linemill):
        said = linemill("graph")
        assert (said.returncode, said.stderr) == (0, "imported\n")
        assert "imported" not in said.stdout

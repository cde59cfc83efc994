"""Two workers come to the same as one, and whatever becomes of a worker, the run comes to its end."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import signal
import time
from pathlib import Path

import pytest

from bench.app_log import chunk

pytestmark = pytest.mark.slow

ROUTED = """\
nodes:
  clean: {use: "steps:clean", to: level}
  level:
    use: linemill.processors:tag_by_pattern
    with: {error: ERROR, warn: WARN}
    to: {error: [errors, general], warn: warnings, "*": general}
outputs:
  errors: out/errors/{name}
  warnings: out/warnings/{name}
  general: out/general/{name}
input: {max_line: 1MiB}
"""

CLEAN = """\
def clean(line: str):
    if "took 7ms" in line:
        raise ValueError("seven")
    return None if "DEBUG" in line else line.strip()
"""

PASS = """\
nodes:
  keep: {use: "steps:keep", to: all}
outputs:
  all: out/{name}
"""

LARGE_BYTES = 40_000_000
"""More than two spans, so that the file is cut."""


@pytest.fixture(scope="module")
def log() -> bytes:
    """A log of 40 MB."""
    return b"".join(chunk(number) for number in range(LARGE_BYTES // 10_000_000))


@pytest.fixture
def outcome_of(linemill):
    """Run files and give what was said of each, without times and places, and what was published."""

    def apply(folder: Path, workers: int, *files: str):
        said = linemill("run", *files, "--workers", str(workers), "--json", "--out", f"by{workers}")
        reports = json.loads(said.stdout)["files"]
        for report in reports:
            del report["seconds"]
            for node in report["nodes"].values():
                del node["seconds"]
            report["published"] = [(one["output"], one["lines"], one["bytes"]) for one in report["published"]]
        base = folder / f"by{workers}"
        found = [path for path in base.rglob("*") if not path.is_dir() and path.name != "catalog.db"]
        contents = {str(path.relative_to(base)): path.read_bytes() for path in found}
        return said.returncode, reports, contents

    return apply


class TestTwoComeToTheSameAsOne:
    def test_with_many_files(self, write_project, outcome_of):
        folder = write_project(ROUTED, CLEAN)
        lines = chunk(0)
        names = [f"{number}.log" for number in range(40)]
        for number, name in enumerate(names):
            (folder / name).write_bytes(lines[number * 200_000 : number * 200_000 + number * 9000])
        one, two = outcome_of(folder, 1, *names), outcome_of(folder, 2, *names)
        assert one == two
        assert one[0] == 0
        assert any("dead" in path for path in one[2])

    @pytest.mark.parametrize("end", [b"", b"no newline at the end"])
    def test_with_one_file_that_is_cut_into_spans(self, write_project, outcome_of, log, end):
        folder = write_project(ROUTED, CLEAN)
        (folder / "a.log").write_bytes(log + end)
        one, two = outcome_of(folder, 1, "a.log"), outcome_of(folder, 2, "a.log")
        assert one == two
        assert one[1][0]["dead"] > 50
        numbers = [json.loads(letter)["line"] for letter in one[2]["dead/a.log.jsonl"].splitlines()]
        found = [number for number, line in enumerate(log.split(b"\n"), 1) if b"took 7ms" in line]
        assert numbers == found

    def test_with_lines_that_reach_over_the_borders_of_spans(self, write_project, outcome_of, log):
        folder = write_project(ROUTED, CLEAN)
        half, span = 500_000, 16 * 2**20
        data = bytearray(log)
        # One line of a million bytes, which is allowed, and one that is too long.
        for start, length in ((span - half, 2 * half), (2 * span - half, 2**20 + 10)):
            data[start : start + length] = b"x" * length
            data[start - 1], data[start + length] = 10, 10
        (folder / "a.log").write_bytes(data)
        one, two = outcome_of(folder, 1, "a.log"), outcome_of(folder, 2, "a.log")
        assert one == two
        assert one[1][0]["too_long"] == 1
        (letter,) = [line for line in map(json.loads, one[2]["dead/a.log.jsonl"].splitlines()) if line["code"] == "too_long"]
        assert (letter["offset"], letter["length"]) == (2 * span - half, 2**20 + 10)

    @pytest.mark.parametrize("kind", ["utf-16", "gzip", "utf-8 with mark"])
    def test_with_a_large_file_of_another_kind(self, write_project, outcome_of, log, kind):
        folder = write_project(ROUTED, CLEAN)
        packed = {
            "utf-16": lambda: b"\xff\xfe" + log[:18_000_000].decode("utf-8", "ignore").encode("utf-16-le"),
            "gzip": lambda: gzip.compress(log, 0),
            "utf-8 with mark": lambda: b"\xef\xbb\xbf" + log,
        }
        (folder / "a.log").write_bytes(packed[kind]())
        assert (folder / "a.log").stat().st_size > 2 * 16 * 2**20
        one, two = outcome_of(folder, 1, "a.log"), outcome_of(folder, 2, "a.log")
        assert one == two
        assert one[0] == 0

    def test_with_a_large_file_and_a_step_that_holds_state(self, write_project, outcome_of, log):
        folder = write_project(
            PASS.replace("steps:keep", "steps:Number"),
            "class Number:\n"
            "    def __init__(self): self.count = 0\n"
            "    def process(self, line: str) -> str:\n"
            "        self.count += 1\n"
            "        return f'{self.count} {line}'\n",
        )
        (folder / "a.log").write_bytes(log)
        one, two = outcome_of(folder, 1, "a.log"), outcome_of(folder, 2, "a.log")
        assert one == two
        last = one[2]["out/a.log"].splitlines()[-1]
        assert last.split()[0] == str(log.count(b"\n")).encode()


class TestWorkersThatDie:
    ENDS = """\
import ctypes
import os
import signal

def keep(line: str) -> str:
    if line == "exit 0":
        os._exit(0)
    if line == "exit 3":
        os._exit(3)
    if line == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if line == "crash":
        ctypes.string_at(0)
    return line
"""

    @pytest.mark.parametrize(
        ("line", "how"),
        [
            ("exit 3", "died (exit code 3)"),
            ("kill", "died (signal 9, Killed)"),
            ("crash", "died (signal 11, Segmentation fault)"),
            ("exit 0", "died"),
        ],
    )
    def test_the_file_fails_and_the_others_go_on(self, write_project, linemill, files_in, line, how):
        folder = write_project(PASS, self.ENDS)
        for name in ("a", "b", "c", "d"):
            (folder / name).write_text("fine\n")
        (folder / "bad").write_text(f"fine\n{line}\n")
        said = linemill("run", "a", "bad", "b", "c", "d", "--workers", "2", "--json")
        reports = {report["name"]: report for report in json.loads(said.stdout)["files"]}
        failure = reports.pop("bad")["failure"]
        assert said.returncode == 1
        assert {report["state"] for report in reports.values()} == {"done"}
        assert (failure["code"], failure["may_retry"]) == ("worker_died", True)
        assert failure["what"] == (
            f"the worker process {how} while it worked on the file [bad]; "
            "a processor, or a library that it calls, crashes or ends the process, or memory ran out"
        )
        assert files_in(folder) == ["a", "b", "bad", "c", "d", "out/a", "out/b", "out/c", "out/d"]

    def test_every_file_may_kill_its_worker(self, write_project, linemill, files_in):
        folder = write_project(PASS, self.ENDS)
        names = [f"bad{number}" for number in range(12)]
        for name, line in zip(names, itertools.cycle(["exit 0", "exit 3", "kill"]), strict=False):
            (folder / name).write_text(line)
        said = linemill("run", *names, "--workers", "2", "--json")
        assert [report["failure"]["code"] for report in json.loads(said.stdout)["files"]] == ["worker_died"] * 12
        assert files_in(folder) == sorted(names)

    def test_a_large_file_fails_as_a_whole(self, write_project, linemill, files_in, log):
        folder = write_project(PASS, self.ENDS)
        (folder / "a.log").write_bytes(log + b"kill\n")
        (folder / "b.log").write_bytes(b"fine\n")
        said = linemill("run", "a.log", "b.log", "--workers", "2", "--json")
        large, small = json.loads(said.stdout)["files"]
        assert (large["failure"]["code"], small["state"]) == ("worker_died", "done")
        assert files_in(folder) == ["a.log", "b.log", "out/b.log"]

    @pytest.mark.parametrize("workers", ["1", "2"])
    def test_a_processor_that_asks_to_exit_makes_a_dead_letter(self, write_project, linemill, workers):
        folder = write_project(
            PASS, "import sys\n\ndef keep(line: str) -> str:\n    return sys.exit(4) if line == 'exit' else line\n"
        )
        (folder / "a.log").write_text("a\nexit\nb\n")
        assert linemill("run", "a.log", "--workers", workers).returncode == 0
        assert (folder / "out/a.log").read_text() == "a\nb\n"
        letter = json.loads((folder / "dead/a.log.jsonl").read_bytes())
        assert (letter["line"], letter["error"]) == (2, "SystemExit: 4")


HANGING = """\
import os
import sys

def keep(line: str) -> str:
    if line == "hang":
        print(os.getpid(), file=sys.stderr, flush=True)
        while True:
            pass
    return line
"""


@pytest.fixture
def hanging(write_project, start):
    """A run whose two workers hang, both; gives the program and their process numbers."""
    folder = write_project(PASS, HANGING)
    for name in ("a", "b", "c"):
        (folder / name).write_text("hang\n")
    process = start("run", "a", "b", "c", "--workers", "2", start_new_session=True)
    return process, [int(process.stderr.readline()) for _ in range(2)]


def test_ctrl_c_of_a_terminal_ends_all_processes_and_leaves_nothing(hanging, tmp_path, files_in):
    process, workers = hanging
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err == b"stopped; nothing of a and 2 more files was published\n"
    assert files_in(tmp_path) == ["a", "b", "c"]
    assert not any(_is_there(worker) for worker in workers)


def test_no_worker_outlives_a_program_that_is_killed(hanging):
    process, workers = hanging
    process.kill()
    process.wait()
    give_up = time.monotonic() + 30
    while any(_is_there(worker) for worker in workers):
        assert time.monotonic() < give_up, "a worker goes on without its program"
        os.sched_yield()


def _is_there(process: int) -> bool:
    """Tell whether a process runs: one that has ended and that nobody has asked about yet does not."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"

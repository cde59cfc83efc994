"""What can be given to `linemill run`, and what a file that cannot be processed is told."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import signal
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from backports import zstd

pytestmark = pytest.mark.slow

PASS = """\
nodes:
  keep: {use: "steps:keep", to: all}
outputs:
  all: out/{name}
"""

KEEP = """\
def keep(line: str):
    if line == "bad":
        raise ValueError("no good")
    return line
"""


@pytest.fixture
def passing(write_project):
    """A project that lets every line pass but `bad`."""
    return write_project(PASS, KEEP)


def test_a_named_pipe_is_read_to_its_end(passing, start):
    os.mkfifo(passing / "pipe")
    process = start("run", "pipe", "--json")
    with (passing / "pipe").open("wb") as writing:
        writing.write(b"a\n")
        writing.flush()
        writing.write(b"b")
    out, err = process.communicate(timeout=60)
    report = json.loads(out)["files"][0]
    assert (process.returncode, err, report["state"], report["bytes"]) == (0, b"", "done", 3)
    assert (passing / "out/pipe").read_bytes() == b"a\nb\n"


def test_a_named_pipe_and_files_are_read_by_two_workers(passing, start):
    os.mkfifo(passing / "pipe")
    (passing / "a.log").write_bytes(b"1\n")
    process = start("run", "a.log", "pipe", "--workers", "2")
    (passing / "pipe").write_bytes(b"a\nb\n")
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert (passing / "out/pipe").read_bytes() == b"a\nb\n"
    assert (passing / "out/a.log").read_bytes() == b"1\n"


def _is_begun(project: Path) -> bool:
    """Tell whether a run has claimed a file."""
    try:
        with closing(sqlite3.connect(f"file:{project}/.linemill/catalog.db?mode=ro", uri=True)) as catalog:
            (count,) = catalog.execute("SELECT count(*) FROM attempt WHERE state = 'working'").fetchone()
    except sqlite3.OperationalError:  # not made yet
        return False
    return bool(count)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_is_heard_while_nobody_writes_into_a_named_pipe(passing, start, files_in, workers):
    os.mkfifo(passing / "pipe")
    process = start("run", "pipe", "--workers", workers)
    while not _is_begun(passing):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert process.stderr.read() == b"stopped; nothing of pipe was published\n"
    assert files_in(passing) == ["pipe"]


def test_standard_input_that_is_closed_is_refused(passing, start):
    process = start("run", "-", stdin=None, preexec_fn=lambda: os.close(0))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err == b"linemill: standard input is closed; name a file, or give the program something to read\n"


def test_archives_are_told_by_their_content_and_read_as_what_is_inside(passing, linemill):
    text = b"a\nb\r\nc"
    packed = {
        "gzip": gzip.compress(text[:3]) + gzip.compress(text[3:]),
        "bzip2": bz2.compress(text),
        "xz": lzma.compress(text),
        "zstd": zstd.compress(text),
    }
    for name, data in packed.items():
        (passing / name).write_bytes(data)
    assert linemill("run", *packed).returncode == 0
    assert [(passing / "out" / name).read_bytes() for name in packed] == [b"a\nb\nc\n"] * 4


class TestFilesThatFail:
    """Each fails alone, says why in words and by a code, and leaves nothing; the good file beside it is done."""

    @pytest.fixture(params=["1", "2"])
    def refused(self, request, passing, linemill, files_in):
        """Run files that cannot be processed beside a good one, with one worker and with two; give their failures."""

        def apply(*names):
            before = files_in(passing)
            (passing / "good.log").write_text("a\n")
            said = linemill("run", *names, "good.log", "--json", "--workers", request.param)
            *bad, good = json.loads(said.stdout)["files"]
            assert (said.returncode, good["state"]) == (1, "done")
            assert [(report["state"], report["published"]) for report in bad] == [("failed", [])] * len(names)
            assert files_in(passing) == sorted([*before, "good.log", "out/good.log"])
            return [report["failure"] for report in bad]

        return apply

    def test_archives_that_end_too_early_or_are_damaged(self, passing, refused):
        packers: dict[str, Callable[[bytes], bytes]] = {
            "gzip": gzip.compress,
            "bzip2": bz2.compress,
            "xz": lzma.compress,
            "zstd": zstd.compress,
        }
        for name, packed in packers.items():
            (passing / name).write_bytes(packed(os.urandom(10_000).hex().encode())[:-5])
        data = bytearray(gzip.compress(os.urandom(10_000).hex().encode()))
        data[5000] ^= 255
        (passing / "damaged").write_bytes(data)
        failures = refused(*packers, "damaged")
        assert [failure["code"] for failure in failures] == ["truncated"] * 4 + ["corrupt"]
        assert all(f"[{name}]" in failure["what"] for name, failure in zip(packers, failures, strict=False))

    def test_an_archive_that_grows_beyond_max_size(self, passing, refused):
        (passing / "pipeline.yaml").write_text(PASS + "input: {max_size: 1MiB}\n")
        (passing / "bomb").write_bytes(gzip.compress(b"a line\n" * 200_000))
        assert refused("bomb")[0]["code"] == "too_big"

    def test_an_archive_that_grows_a_thousandfold(self, passing, refused):
        # Not gzip, which comes to 1032 to 1 at most; and lines that are few.
        (passing / "bomb").write_bytes(zstd.compress((b"0" * 999_999 + b"\n") * 110))
        assert refused("bomb")[0]["code"] == "ratio"

    def test_what_is_not_there_or_is_no_file(self, passing, refused, monkeypatch):
        (passing / "folder").mkdir()
        (passing / "circle").symlink_to("circle")
        monkeypatch.chdir(passing)  # the path of a socket must be short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket")
            failures = refused("missing.log", "folder", ".", "/dev/zero", "circle", "socket")
        missing, folder, _, device, *_ = failures
        codes = ["vanished", "not_a_file", "not_a_file", "not_a_file", "unreadable", "not_a_file"]
        assert [failure["code"] for failure in failures] == codes
        assert missing["what"].startswith("the file is not there [missing.log]")
        assert folder["what"] == "this is a folder, not a file [folder]; name the files in it"
        assert device["what"].startswith("this is a device, not a file [/dev/zero]")

    def test_a_file_that_somebody_writes_to(self, passing, refused):
        (passing / "steps.py").write_text(
            "def keep(line: str):\n"
            "    if line == 'grow':\n"
            "        with open('growing.log', 'a') as file:\n"
            "            print('more', file=file)\n"
            "    return line\n"
        )
        (passing / "growing.log").write_text("a\ngrow\n")
        assert refused("growing.log")[0]["code"] == "changed"


class TestNames:
    NAMES = (
        b"new\nline.log",
        b"[bold red]markup[bold].log",
        b"caf\xe9-\xff.log",
        b"{date}.log",
        b"{name}{stem}",
        b"%s %d {0} {}",
        b" spaces ",
        b"'quotes\" & $(touch x) `y`",
        b".hidden",
        b"back\\slash",
        "ünïcödé 日本 \u202e".encode(),
    )

    def test_files_may_have_any_names(self, passing, linemill, files_in):
        for name in self.NAMES:
            (passing / os.fsdecode(name)).write_bytes(b"a\nbad\n")
        said = linemill("run", *self.NAMES)
        assert said.returncode == 0, said.stderr
        written = [path for name in self.NAMES for path in (name, b"out/" + name, b"dead/" + name + b".jsonl")]
        assert files_in(passing) == sorted(map(os.fsdecode, written))
        assert all(character.isprintable() for character in said.stdout.replace("\n", ""))
        for text in map(os.fsdecode, self.NAMES):
            assert (passing / "out" / text).read_bytes() == b"a\n"
            assert json.loads((passing / "dead" / f"{text}.jsonl").read_bytes())["file"] == text

    def test_a_name_that_begins_with_a_dash_comes_after_two_dashes(self, passing, linemill):
        (passing / "--json").write_bytes(b"a\n")
        (passing / "-").write_bytes(b"b\n")
        assert linemill("run", "--", "--json", "./-").returncode == 0
        assert (passing / "out/--json").read_bytes() == b"a\n"
        assert (passing / "out/-").read_bytes() == b"b\n"

    @pytest.mark.parametrize("end", [b"a", b"\xff", "é".encode()])
    def test_the_longest_name_keeps_its_dead_letters_under_a_shorter_one(self, passing, linemill, end):
        names = [b"x" * (254 - len(end)) + end + last for last in (b"1", b"2")]
        for name in names:
            (passing / os.fsdecode(name)).write_bytes(b"a\nbad\n")
        said = linemill("run", *names, "--json")
        assert said.returncode == 0
        for name, report in zip(names, json.loads(said.stdout)["files"], strict=True):
            output, dead = (Path(os.fsdecode(published["path"])) for published in report["published"])
            assert output.name == name.decode("utf-8", "backslashreplace")
            assert dead.name.startswith("x" * 240 + "~")
            assert dead.name.endswith(".jsonl")
            assert json.loads(dead.read_bytes())["file"] == os.fsdecode(name)
        assert len(list((passing / "dead").iterdir())) == 2

    def test_an_output_whose_name_gets_too_long_fails_its_file_alone(self, passing, linemill, files_in):
        (passing / "pipeline.yaml").write_text(PASS.replace("{name}", "{name}.out"))
        (passing / ("x" * 253)).write_bytes(b"a\n")
        (passing / "good").write_bytes(b"a\n")
        said = linemill("run", "x" * 253, "good", "--json")
        bad, good = json.loads(said.stdout)["files"]
        assert (said.returncode, bad["failure"]["code"], good["state"]) == (1, "target", "done")
        assert files_in(passing) == ["good", "out/good.out", "x" * 253]

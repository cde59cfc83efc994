import json
import logging
import os
import pty
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from linemill.observe import logs, lossy
from linemill.observe.logs import set_up


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state" / "log"


@pytest.fixture
def told(folder):
    """Read what the file was told."""
    return lambda: [json.loads(line) for line in (folder / "linemill.log").read_text().splitlines()]


@pytest.fixture
def stderr(capfd):
    return lambda: capfd.readouterr().err


NAME = "a\x1b[31m\nb\udcff.log"


def test_an_event_is_one_line_of_json_with_its_time(folder, told):
    before = datetime.now(UTC)
    set_up(folder, to_terminal=False).info("file_done", file="a.log", attempt=3, lines=200, seconds=0.25, code=None)
    (line,) = told()
    at = datetime.fromisoformat(line.pop("at"))
    assert abs((at - before).total_seconds()) < 60
    assert at.tzname() == "UTC"
    assert line == {
        "level": "info",
        "event": "file_done",
        "file": "a.log",
        "attempt": 3,
        "lines": 200,
        "seconds": 0.25,
        "code": None,
    }


def test_an_event_is_one_line_on_the_terminal_with_the_file_first(folder, stderr):
    log = set_up(folder, to_terminal=True)
    log.info("file_done", attempt=3, file="a.log", lines=200, code=None)
    log.warning("file_failed", file="a b.log", reason='it is "bad"\nand more')
    done, failed = stderr().splitlines()
    datetime.strptime(done[:19], "%Y-%m-%d %H:%M:%S")
    assert done[19:] == "         file_done          a.log attempt=3 lines=200"
    assert failed[19:] == ' warning file_failed        "a b.log" reason="it is \\"bad\\"\\nand more"'


def test_the_terminal_is_told_nothing_unless_it_is_asked_for(folder, stderr, told):
    set_up(folder, to_terminal=False).error("pipeline_refused", reason="no")
    assert stderr() == ""
    assert len(told()) == 1


def test_nothing_in_a_value_reaches_the_terminal_as_it_is(folder, stderr):
    log = set_up(folder, to_terminal=True)
    nasty = "\x1b]0;owned\x07\r\x9b2J\u202eevil\x00\u2028\udcfe"
    log.info(
        "file_done\x1b[2J", file=NAME, path=Path(NAME), reason=nasty, several=[nasty, {nasty: nasty}], error=ValueError(nasty)
    )
    log.info("file_done", **{"key\x1b": 1})
    text = stderr()
    assert len(text.splitlines()) == 2
    assert all(line.isprintable() for line in text.splitlines())
    assert "\\x1b]0;owned\\x07\\r\\u009b2J\\u202eevil\\x00\\u2028\\xfe" in text


def test_names_are_the_same_in_the_file_and_on_the_terminal(folder, stderr, told):
    set_up(folder, to_terminal=True).info("file_claimed", file=NAME)
    assert told()[0]["file"] == "a\\x1b[31m\\nb\\xff.log"
    assert "a\\x1b[31m\\nb\\xff.log" in stderr()


def test_the_file_is_text_that_every_reader_of_json_takes(folder, told):
    log = set_up(folder, to_terminal=False)
    log.info(
        "odd", name=NAME, number=float("nan"), big=10**30, path=Path("/x"), several=("a", 1, None, True), deep={1: {"x": {2}}}
    )
    log.info("odd", reason="first\nsecond\tthird\x1b")
    first, second = told()
    assert (folder / "linemill.log").read_bytes().decode("utf-8").count("\n") == 2
    assert first["number"] == "nan"
    assert (first["big"], first["path"], first["several"], first["deep"]) == (
        10**30,
        "/x",
        ["a", 1, None, True],
        {"1": {"x": "{2}"}},
    )
    assert second["reason"] == "first\nsecond\tthird\\x1b"


def test_a_value_that_cannot_be_told_is_named_and_a_long_one_is_cut(folder, told):
    class Silent:
        def __str__(self):
            raise RuntimeError

    set_up(folder, to_terminal=False).info("odd", value=Silent(), line="x" * 10**6)
    assert told()[0]["value"] == "<Silent>"
    assert told()[0]["line"] == "x" * logs.LONGEST_TEXT + "…"


def test_an_exception_is_told_with_its_traceback(folder, told, stderr):
    log = set_up(folder, to_terminal=True)
    try:
        raise OSError("no \x1b")
    except OSError:
        log.exception("mill_broke")
    assert told()[0]["exception"].splitlines()[-1] == "OSError: no \\x1b"
    assert len(stderr().splitlines()) == 1


class TestColors:
    def spoken(self, folder, **environment):
        ear, mouth = pty.openpty()
        code = "import sys; from linemill.observe.logs import set_up; from pathlib import Path\n"
        code += "log = set_up(Path(sys.argv[1]), to_terminal=True); log.info('a'); log.warning('b'); log.error('c')"
        variables = {**os.environ, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path), **environment}
        with subprocess.Popen([sys.executable, "-c", code, str(folder)], stderr=mouth, env=variables) as process:
            assert process.wait() == 0
        os.close(mouth)
        with open(ear, "rb") as file:
            return [line.decode() for line in file.read1().splitlines()]

    def test_mark_warnings_and_errors_on_a_terminal(self, folder):
        calm, warning, error = self.spoken(folder)
        assert "\x1b" not in calm
        assert (warning[:5], warning[-4:], error[:5], error[-4:]) == ("\x1b[33m", "\x1b[0m", "\x1b[31m", "\x1b[0m")

    @pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_are_left_out_where_nobody_wants_them(self, folder, environment):
        assert "\x1b" not in "".join(self.spoken(folder, **environment))

    def test_are_left_out_in_a_file(self, folder, stderr):
        set_up(folder, to_terminal=True).error("c")
        assert "\x1b" not in stderr()


class TestTheFile:
    def test_is_not_there_before_there_is_something_to_tell(self, folder):
        set_up(folder, to_terminal=True)
        assert not folder.exists()

    def test_is_appended_to_by_the_next_start(self, folder, told):
        for word in ("first", "second"):
            set_up(folder, to_terminal=False).info(word)
        assert [line["event"] for line in told()] == ["first", "second"]

    def test_is_rotated_and_five_old_ones_are_kept(self, folder, told, monkeypatch):
        monkeypatch.setattr(logs, "MOST_BYTES", 500)
        log = set_up(folder, to_terminal=False)
        for number in range(100):
            log.info("counted", number=number)
        assert sorted(path.name for path in folder.iterdir()) == ["linemill.log", *(f"linemill.log.{n}" for n in range(1, 6))]
        kept = [path for path in sorted(folder.iterdir(), reverse=True) if path.name != "linemill.log"]
        lines = [json.loads(line) for path in [*kept, folder / "linemill.log"] for line in path.read_text().splitlines()]
        assert [line["number"] for line in lines] == list(range(100 - len(lines), 100))
        assert all(path.stat().st_size < 700 for path in folder.iterdir())

    @pytest.mark.parametrize("removes_folder", [False, True])
    def test_is_begun_anew_when_it_was_removed(self, folder, told, removes_folder):
        log = set_up(folder, to_terminal=False)
        log.info("first")
        (folder / "linemill.log").unlink()
        if removes_folder:
            folder.rmdir()
        log.info("second")
        assert [line["event"] for line in told()] == ["second"]

    def test_is_begun_anew_when_another_program_rotated_it(self, folder, told):
        log = set_up(folder, to_terminal=False)
        log.info("first")
        (folder / "linemill.log").rename(folder / "old")
        log.info("second")
        assert [line["event"] for line in told()] == ["second"]

    def test_that_cannot_be_written_stops_nobody_and_is_told_once(self, folder, stderr, told):
        folder.parent.mkdir()
        folder.write_text("in the way")
        log = set_up(folder, to_terminal=True)
        for _ in range(3):
            log.info("said")
        said = stderr().splitlines()
        assert len(said) == 4
        assert said[0] == f"the log cannot be written: File exists [{folder}/linemill.log]"
        folder.unlink()
        log.info("said again")
        assert [line["event"] for line in told()] == ["said again"]

    def test_on_a_full_disk_has_no_line_that_runs_into_the_next(self, folder, stderr, monkeypatch):
        log = set_up(folder, to_terminal=True)
        log.info("before")
        write = os.write

        def torn(descriptor, data):
            return write(descriptor, data[:10])

        def full(descriptor, data):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", torn)
            log.info("torn")
            patch.setattr(os, "write", full)
            log.info("lost")
        log.info("after")
        first, half, last = (folder / "linemill.log").read_text().splitlines()
        assert [json.loads(line)["event"] for line in (first, last)] == ["before", "after"]
        assert len(half) == 10

    def test_stays_in_use_where_it_cannot_be_rotated(self, folder, monkeypatch):
        def refuse(*arguments):
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(logs, "MOST_BYTES", 100)
        monkeypatch.setattr(os, "rename", refuse)
        log = set_up(folder, to_terminal=False)
        for _ in range(5):
            log.info("said")
        assert [path.name for path in folder.iterdir()] == ["linemill.log"]
        assert len((folder / "linemill.log").read_text().splitlines()) == 5


class TestATerminal:
    def test_that_is_closed_stops_nobody(self, folder, told, monkeypatch):
        ear, mouth = os.pipe()
        os.close(ear)
        with open(mouth, "w") as file:
            monkeypatch.setattr(sys, "stderr", file)
            set_up(folder, to_terminal=True).info("said")
        monkeypatch.undo()
        assert [line["event"] for line in told()] == ["said"]

    def test_that_nobody_reads_stops_nobody_and_is_told_again_when_somebody_does(self, folder, told, monkeypatch):
        monkeypatch.setattr(lossy, "PATIENCE_S", 0.05)
        ear, mouth = os.pipe()
        with open(mouth, "w") as file, open(ear, "rb", buffering=0) as heard:
            monkeypatch.setattr(sys, "stderr", file)
            log = set_up(folder, to_terminal=True)
            for number in range(300):
                log.info("said", number=number, text="x" * 1000)
            heard.read(2**20)
            log.info("heard", number=300)
            last = heard.read(2**20).decode().splitlines()[-1]
        monkeypatch.undo()
        assert len(told()) == 301
        assert last.endswith("heard              number=300")

    def test_that_is_none_stops_nobody(self, folder, told, monkeypatch):
        monkeypatch.setattr(sys, "stderr", None)
        set_up(folder, to_terminal=True).info("said")
        monkeypatch.undo()
        assert len(told()) == 1


def test_threads_tell_whole_lines(folder, told):
    log = set_up(folder, to_terminal=False)

    def tell(name):
        for number in range(100):
            log.info("counted", thread=name, number=number)

    threads = [threading.Thread(target=tell, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = told()
    assert all([line["number"] for line in lines if line["thread"] == name] == list(range(100)) for name in range(4))


def test_other_loggers_of_the_program_are_left_alone(folder, told):
    before = list(logging.getLogger().handlers)
    set_up(folder, to_terminal=False).info("said")
    logging.getLogger("somebody").error("else")
    assert logging.getLogger().handlers == before
    assert len(told()) == 1


def test_commands_that_do_not_log_do_not_load_structlog():
    code = "import sys, linemill.cli.app, linemill.observe; sys.exit('structlog' in sys.modules)"
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=variables, check=False).returncode == 0

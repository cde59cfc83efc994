"""`linemill watch` as a process that can be killed, and the facts that one waits for."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import linemill as package

SOURCE = Path(package.__file__).resolve().parents[1]
"""What this test run imports is what the program has to import, whatever its current folder is."""

LIMIT_S = 90.0
"""Longer than anything that is waited for here takes on a busy machine."""

LOOK_S = 0.02

ENDS = frozenset({"done", "failed"})
"""States in which nothing more becomes of a file by itself."""

SMALL_SPANS = """\
import sys
import linemill.mill.course, linemill.mill.service
linemill.mill.service.SPAN_BYTES = 2**16
linemill.mill.course.CHECKPOINT_S = 0.0
if __name__ == "__main__":
    from linemill.cli import main
    main(sys.argv[1:])
"""
"""Starts the program so that a file of a megabyte is cut as one of a hundred is, and every span is made durable at once."""


class Died(AssertionError):
    """The mill ended although nothing killed it."""


class Mill:
    """The mill of a project, running.

    Args:
        folder: The project, with its `pipeline.yaml`.
        failpoint: Where it is to die: a name of `linemill.failpoints`, and a number of times.
        small_spans: Cut files into very small spans, and make each durable at once.
    """

    def __init__(self, folder: Path, failpoint: str = "", *, small_spans: bool = False) -> None:
        self.folder = folder
        self.failpoint = failpoint
        self._words = folder.parent / f"{folder.name}.stderr"
        program = ["-m", "linemill"]
        if small_spans:
            launcher = folder.parent / "small_spans.py"
            launcher.write_text(SMALL_SPANS)
            program = [str(launcher)]
        with self._words.open("ab") as words:
            self._begins_at = words.tell()
            self.process = subprocess.Popen(
                [sys.executable, *program, "watch", "--no-web", "-p", "pipeline.yaml"],
                cwd=folder,
                env=environment() | {"LINEMILL_FAILPOINT": failpoint},
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,
            )

    @property
    def words(self) -> str:
        """The end of what it and those before it in this project said."""
        return self._words.read_text(errors="backslashreplace")[-4000:]

    @property
    def has_started(self) -> bool:
        """Whether it has recovered what others left, and watches."""
        with self._words.open("rb") as words:
            words.seek(self._begins_at)
            return b"Watching " in words.read()

    @property
    def was_killed(self) -> bool:
        """Whether it has died as `kill -9` makes one die."""
        return self.process.poll() == -signal.SIGKILL

    def workers(self) -> list[int]:
        """Give its worker processes."""
        found: list[int] = []
        for path in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            with suppress(OSError):
                found += [int(child) for child in path.read_text().split() if _is_worker(int(child))]
        return found

    def wait_until_started(self) -> None:
        """Wait until it watches."""
        wait_for(lambda: self._is_alive() and self.has_started, "the mill to start", self._told)

    def wait_until_idle(self, count: int) -> None:
        """Wait until so many files are at the end of their lives."""
        self.wait_until_started()
        wait_for(lambda: self._is_alive() and is_idle(self.folder, count), f"{count} files to end", self._told)

    def wait_until_killed(self) -> None:
        """Wait until it has died at its failpoint."""
        wait_for(lambda: not self._is_alive(), f"a death at {self.failpoint}", self._told)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(LIMIT_S)

    def stop(self) -> None:
        """Ask it to stop, and hold that it does so in order."""
        self.wait_until_started()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(LIMIT_S)
        assert code == 0, f"the mill left with {code}:\n{self.words}"

    def clean_up(self) -> None:
        """End it and whatever it has started, in whatever state that is."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(LIMIT_S)

    def _is_alive(self) -> bool:
        if self.process.poll() is not None and not (self.was_killed and self.failpoint):
            raise Died(f"the mill ended with {self.process.returncode}:\n{self.words}")
        return self.process.poll() is None

    def _told(self) -> str:
        return f"{states(self.folder)}\n{self.words}"


def environment() -> dict[str, str]:
    """What the program is started with."""
    kept = {name: value for name, value in os.environ.items() if name != "LINEMILL_FAILPOINT"}
    return kept | {"PYTHONPATH": str(SOURCE), "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"}


def ask(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the program in a project to its end."""
    return subprocess.run(
        [sys.executable, "-m", "linemill", *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        timeout=LIMIT_S,
        check=False,
    )


def wait_for(is_so: Callable[[], bool], what: str, told: Callable[[], str] = lambda: "", limit_s: float = LIMIT_S) -> None:
    """Wait until something is so, and fail if it does not become so."""
    give_up = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < give_up, f"waited {limit_s:g} s for {what}\n{told()}"
        time.sleep(LOOK_S)


def states(folder: Path) -> Counter[str]:
    """Count the files of a project's catalog by state."""
    return Counter(dict(_asked(folder, "SELECT state, count(*) FROM file GROUP BY state")))


def blocked(folder: Path) -> str | None:
    """Give what the mill says about why it begins no file; None if it does."""
    return next((str(value) for (value,) in _asked(folder, "SELECT value FROM control WHERE name = 'blocked'")), None)


def is_idle(folder: Path, count: int) -> bool:
    """Tell whether so many files are at the end of their lives, and no other is known."""
    found = states(folder)
    return found.total() == count and found.keys() <= ENDS


def _asked(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Ask a project's catalog, without any of the program's own code; nothing, as long as there is none."""
    catalog = folder / ".linemill" / "catalog.db"
    if not catalog.exists():
        return []
    try:
        with closing(sqlite3.connect(catalog, timeout=10)) as connection:
            connection.execute("PRAGMA query_only = ON")
            return connection.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []  # it is being made


def _is_worker(process: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()

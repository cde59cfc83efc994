"""`linemill watch` with its dashboard, over a copy of the quick-start example, as a process that browsers look at."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import linemill as package
from tests.crash.mills import LIMIT_S, environment, wait_for

QUICKSTART = Path(package.__file__).resolve().parents[2] / "examples" / "quickstart"

ADDRESS = re.compile(rb"Dashboard on (http://\S+)")

ORDERS = "2026-03-02 09:{minute:02}:00 INFO  Order {number}: {pieces} baguettes\n"


class Dashboard:
    """A project, its mill, and the address of its pages.

    Args:
        folder: Where the project is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inbox = folder / "inbox"
        self._words = folder.parent / f"{folder.name}.stderr"
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""
        shutil.copytree(QUICKSTART, folder, ignore=shutil.ignore_patterns("out", "dead", "__pycache__", ".linemill"))
        self.inbox.mkdir()

    def start(self) -> None:
        """Start the mill, at any free port; or again, at the one that it had before."""
        port = self.address.rpartition(":")[2] or "0"
        begins_at = self._words.stat().st_size if self._words.exists() else 0
        with self._words.open("ab") as words:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "linemill", "watch", "-p", "pipeline.yaml", "--port", port],
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,
            )

        def said() -> bytes:
            assert self._process is not None
            assert self._process.poll() is None, f"the mill ended:\n{self.words}"
            return self._words.read_bytes()[begins_at:]

        wait_for(lambda: ADDRESS.search(said()) is not None and b"Watching " in said(), "the dashboard", lambda: self.words)
        found = ADDRESS.search(said())
        assert found is not None
        self.address = found[1].decode()

    @property
    def words(self) -> str:
        """The end of what it said."""
        return self._words.read_text(errors="backslashreplace")[-4000:]

    def stop(self) -> None:
        """Stop the mill and its dashboard, in order."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(LIMIT_S)
        assert code == 0, f"the mill left with {code}:\n{self.words}"

    def clean_up(self) -> None:
        """End whatever it has started, in whatever state that is."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(LIMIT_S)

    def drop(self, name: str | bytes, text: str | bytes) -> None:
        """Put a whole file into the inbox at once."""
        content = text.encode() if isinstance(text, str) else text
        hidden = self.inbox / ".being-written"
        hidden.write_bytes(content)
        os.rename(os.fsencode(hidden), os.path.join(os.fsencode(self.inbox), os.fsencode(name)))

    def command(self, *arguments: str) -> str:
        """Run a command of the program in the project to its end, and give what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "linemill", *arguments],
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def orders(count: int, pieces: int = 2) -> str:
    """Give a log of orders."""
    return "".join(ORDERS.format(minute=number % 60, number=2000 + number, pieces=pieces) for number in range(count))

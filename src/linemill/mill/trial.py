"""Try to load a pipeline in a process of its own: code that hangs or dies when it is imported takes only that one along."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from linemill.errors import LinemillError

LIMIT_S = 30.0
"""For imports and constructors; models of some gigabytes are loaded in this time."""

LONGEST_WORD = 8_000
"""Characters of the answer: a pipe takes them at once, and nobody reads more mistakes than that."""

_RIGHT, _WRONG, _END = b"+", b"-", b"\0"


class Trial:
    """A pipeline that is being loaded elsewhere.

    Args:
        path: The pipeline file.
        now: When it begins, in seconds.

    Raises:
        OSError: No process can be started at the moment.
    """

    def __init__(self, path: Path, now: float) -> None:
        self._until = now + LIMIT_S
        self._heard = b""
        self._ear, mouth = os.pipe()
        os.set_blocking(self._ear, False)
        # What can be imported here can be there; `-P`: and nothing of the current folder besides.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(path), str(mouth)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                pass_fds=[mouth],
                start_new_session=True,
            )
        except BaseException:
            os.close(self._ear)
            raise
        finally:
            os.close(mouth)

    def answer(self, now: float) -> str | None:
        """Tell what is wrong; empty if nothing is, None while nobody knows. Ends the process with the answer."""
        has_ended = self._process.poll() is not None
        self._hear()
        if not self._heard.endswith(_END) and not has_ended and now < self._until:
            return None
        code = self._process.returncode
        self.close()
        if self._heard.endswith(_END):
            return "" if self._heard.startswith(_RIGHT) else self._heard[1:-1].decode("utf-8", "backslashreplace")
        if not has_ended:
            return f"it could not be loaded within {LIMIT_S:g} s: a processor hangs when it is imported or built"
        how = f"killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"the process that tried to load it was {how}: a processor ends it when it is imported or built"

    def close(self) -> None:
        """End the process, and what it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._ear >= 0:
            os.close(self._ear)
            self._ear = -1

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while heard := os.read(self._ear, 2**16):
                self._heard += heard


def _try(path: Path, mouth: int) -> None:
    """Load the pipeline, say what came of it, and end without asking anybody: threads of the user's may still run."""
    from linemill.pipeline import load

    try:
        load(path)
        said = _RIGHT
    except LinemillError as error:
        said = _WRONG + str(error)[:LONGEST_WORD].encode("utf-8", "backslashreplace").replace(_END, b"")
    said += _END
    while said:
        said = said[os.write(mouth, said) :]
    os._exit(0)


if __name__ == "__main__":
    _try(Path(sys.argv[1]), int(sys.argv[2]))

"""Standard output is for data: whatever a user's code prints goes to standard error."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from linemill.observe.lossy import Lossy

_STDOUT, _STDERR = 1, 2


@contextlib.contextmanager
def prints_on_stderr() -> Iterator[int | None]:
    """Send all that this process and those that it starts print to standard error, for as long as this lasts.

    The descriptors themselves are exchanged, since C libraries, subprocesses and an earlier `from sys import stdout` do not
    ask for `sys.stdout`.

    Yields:
        A descriptor of standard output itself, for data; None, if the program was started without one.
    """
    if sys.__stdout__ is None or sys.__stderr__ is None:
        with contextlib.redirect_stdout(sys.stderr):
            yield None
        return
    sys.stdout.flush()
    kept = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield kept
    finally:
        sys.__stdout__.flush()
        os.dup2(kept, _STDOUT)
        os.close(kept)


def lossy_prints() -> None:
    """Send all that this worker prints to standard error; what nobody takes there is lost, and stops nobody.

    A pipe that nobody reads, or that is closed, is no fault of the line on which a processor prints.
    """
    with contextlib.suppress(OSError):
        os.dup2(_STDERR, _STDOUT)
    sys.stdout = sys.stderr = lossy(_STDERR)


def lossy(descriptor: int) -> TextIO:
    """Give a text stream that loses what nobody takes, and never fails."""
    return io.TextIOWrapper(io.BufferedWriter(_Raw(descriptor)), "utf-8", "backslashreplace", line_buffering=True)


class _Raw(io.RawIOBase):
    """A descriptor as the `io` module wants it, that loses what nobody takes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lossy = Lossy()

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Write what is taken; say that all was."""
        self._lossy.write(self._descriptor, data)
        return len(data)

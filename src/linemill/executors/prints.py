"""Standard output is for data: whatever a user's code prints goes to standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

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

"""Writing that waits for no reader: what is not taken in time is lost, and stops nobody."""

from __future__ import annotations

import contextlib
import os
import select

PATIENCE_S = 1.0
"""How long a reader may take, once; then nothing waits until something is read again."""


class Lossy:
    """Writes to a descriptor as long as somebody takes it. Never fails."""

    def __init__(self) -> None:
        self._patience_s = PATIENCE_S

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Write as much as is taken, and give how many bytes that was."""
        rest = memoryview(data)
        size = len(rest)
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        with contextlib.suppress(OSError):
            # A pipe that is ready takes PIPE_BUF bytes without waiting, so no more is written at once.
            while rest and poll.poll(self._patience_s * 1000):
                self._patience_s = PATIENCE_S
                rest = rest[os.write(descriptor, rest[: select.PIPE_BUF]) :]
            if rest:
                self._patience_s = 0.0
        return size - len(rest)

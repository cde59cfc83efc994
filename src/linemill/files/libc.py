"""Calls of the system that Python does not have."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache


@cache
def from_libc(name: str) -> Callable[..., int] | None:
    """Give a system call that Python does not have, as a function that raises OSError; None where there is none."""
    import ctypes  # here, since most commands publish nothing

    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:
        return None

    def call(*arguments: object) -> int:
        result: int = function(*arguments)
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result

    return call

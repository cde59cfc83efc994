"""Threads: few for what computes, so that the mill in the same process gets on, and others for what waits for a disk.

Routes that are plain functions run in the few. All threads of a process compute in turn: with forty that do, the mill comes to a
turn so seldom that it was ten times as slow.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

P = ParamSpec("P")
T = TypeVar("T")

COMPUTING = 2
"""At once; more answer no more requests in a second."""

WAITING = 40

_waiting: RunVar[CapacityLimiter] = RunVar("waiting")


def limit_computing() -> None:
    """Have few threads compute; called in the loop of the server."""
    to_thread.current_default_thread_limiter().total_tokens = COMPUTING


async def apart(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what does little but wait for a disk, without waiting for answers that are computed."""
    try:
        limiter = _waiting.get()
    except LookupError:
        _waiting.set(limiter := CapacityLimiter(WAITING))
    return await to_thread.run_sync(partial(function, *args, **kwargs), limiter=limiter)


def waits(route: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Have a route run apart: one that writes, and may wait for half a minute until somebody else has written."""

    @wraps(route)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return await apart(route, *args, **kwargs)

    return run

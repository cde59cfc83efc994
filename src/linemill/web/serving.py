"""Uvicorn, as it runs in a thread of ours: its own loop, its end from outside, its words to our log."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
import uvloop

from linemill.mill.telling import Logger
from linemill.web.app import application
from linemill.web.guard import Guarded
from linemill.web.site import Site
from linemill.web.threads import limit_computing

GRACE_S = 1
"""For answers that are under way when the server is to end. Streams end by themselves, and downloads are cut off."""


LOOK_S = 1.0


def serve(listener: socket.socket, site: Site, log: Logger, on_started: Callable[[Callable[[], None]], None]) -> None:
    """Answer until told to end.

    Args:
        listener: Bound, and listened on.
        site: What it is about.
        log: Told of what breaks.
        on_started: Given what ends the server, from any thread.
    """
    hears = _Words(log)
    words = logging.getLogger("uvicorn.error")
    words.handlers, words.propagate = [hears], False
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_answer(listener, site, hears, on_started))


async def _answer(listener: socket.socket, site: Site, hears: _Words, on_started: Callable[[Callable[[], None]], None]) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(hears.of_loop)
    limit_computing()
    app = application(site)
    closing = app.state.closing = asyncio.Event()
    server = _Server(
        uvicorn.Config(
            app,
            http=Guarded,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        ),
        closing,
    )

    def end() -> None:
        closing.set()
        server.should_exit = True

    on_started(lambda: _call(loop, end))
    try:
        await server.serve([listener])
    finally:
        for connection in list(server.server_state.connections):
            connection.transport.abort()  # whoever still does not read what was written


class _Server(uvicorn.Server):
    """Wakes once a second, and when it is to end; Uvicorn's own does ten times a second, which costs 0.3 % of a core."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._closing = closing

    async def main_loop(self) -> None:
        """Look after the date of answers, and after clients that take their time, until the end."""
        while not await self.on_tick(0):
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                assert isinstance(connection, Guarded)
                connection.look(now)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), LOOK_S)


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(function)


class _Words(logging.Handler):
    """Takes what Uvicorn and the loop say: what broke is for our log, and what a client did wrong is for nobody."""

    def __init__(self, log: Logger) -> None:
        super().__init__(logging.ERROR)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Log an exception that no handler of the application took."""
        if record.exc_info and record.exc_info[1] is not None and not isinstance(record.exc_info[1], asyncio.CancelledError):
            self._log.error("web_error", reason=repr(record.exc_info[1]), exc_info=record.exc_info)

    def of_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what went wrong outside of any request."""
        self._log.error("web_error", reason=f"{context['message']}: {context.get('exception')!r}")

"""The dashboard, as `watch` and `serve` have it: where it listens, and who may be there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from linemill.web.server import HOST, PORT, WebServer, bound

if TYPE_CHECKING:
    from pathlib import Path

    from linemill.mill.telling import Logger
    from linemill.pipeline import Pipeline

HostOption = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where the dashboard listens.")]

PortOption = Annotated[int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="Its port; 0 takes a free one.")]


@contextmanager
def dashboard(
    base: Path,
    pipeline: Callable[[], Pipeline],
    log: Logger,
    host: str = HOST,
    port: int = PORT,
    on_end: Callable[[], None] = lambda: None,
) -> Iterator[WebServer]:
    """Have the dashboard's address from now on, and stop it at the end. Whoever gets it starts it.

    Args:
        base: The folder that relative paths start from.
        pipeline: Gives the pipeline as it is now.
        log: Told what happens.
        host: Where to listen.
        port: The same.
        on_end: Called from its thread when it ends, for whatever reason.

    Raises:
        UsageError: The address is in use or is none of this machine's, or nobody has to sign in there.
        WorldError: The catalog cannot be used.
    """
    from linemill.web.origins import check_may_serve
    from linemill.web.site import open_site

    with open_site(base, pipeline) as site:
        check_may_serve(host, site.history)
        listener = bound(host, port)
        server = WebServer(listener, site, log, on_end)
        try:
            yield server
        finally:
            server.stop()

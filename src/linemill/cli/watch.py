"""`linemill watch`: the mill, until it is stopped, and its dashboard."""

from __future__ import annotations

import signal
import sys
from contextlib import nullcontext
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from linemill.cli.dashboard import HostOption, PortOption, dashboard
from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption, opened
from linemill.cli.starting import began
from linemill.web.server import HOST, PORT

if TYPE_CHECKING:
    from linemill.mill.arrival import Inbox
    from linemill.mill.pool import Pool
    from linemill.pipeline import Pipeline

YOUNG = 20_000
"""Objects that the mill makes before garbage is looked for."""


def watch(
    pipeline: PipelineOption = None,
    host: HostOption = HOST,
    port: PortOption = PORT,
    no_web: Annotated[bool, typer.Option("--no-web", help="Do without the dashboard.")] = False,
) -> Exit:
    """Take every file that arrives in the inbox, until stopped.

    Sends each through the pipeline exactly once. Goes on until Ctrl-C or SIGTERM, and then finishes what is in hand, or puts
    it back, within `stop_timeout`. Whatever a crash left undone is finished or taken back at the start. Meanwhile a dashboard
    shows what goes on; if it breaks, the work goes on.
    """
    checked = opened(pipeline)
    from linemill.mill.pool import size_of, started

    with started(checked, size_of(checked)) as pool:
        return _watched(checked, pool, host, port, no_web=no_web)


def _watched(checked: Pipeline, pool: Pool, host: str, port: int, *, no_web: bool) -> Exit:
    # While the workers start.
    from linemill.executors.prints import prints_on_stderr
    from linemill.mill.folders import STATE_FOLDER
    from linemill.mill.service import Mill
    from linemill.observe.logs import set_up

    log = set_up(checked.folder / STATE_FOLDER / "log", to_terminal=True)

    def tell(inbox: Inbox) -> None:
        print(f"Watching {inbox.folder} with {checked.name!r}. Ctrl-C stops.", file=sys.stderr)
        if server is not None:
            server.start()
            print(f"Dashboard on {server.url}", file=sys.stderr)

    mill = Mill(checked, pool, log, tell)
    web = nullcontext() if no_web else dashboard(checked.folder, lambda: mill.pipeline, log, host, port)

    def stop(number: int, frame: FrameType | None) -> None:
        mill.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with prints_on_stderr(), web as server:
            began(young=YOUNG)
            mill.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return Exit.DONE

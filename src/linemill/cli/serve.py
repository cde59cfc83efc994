"""`linemill serve`: the dashboard alone, over the catalog of a mill that runs elsewhere, or not at all."""

from __future__ import annotations

import signal
import sys
import time
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING

from linemill.cli.asking import OutOption, place_of
from linemill.cli.dashboard import HostOption, PortOption, dashboard
from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption, opened
from linemill.cli.starting import began
from linemill.web.server import HOST, PORT

if TYPE_CHECKING:
    from linemill.mill.telling import Logger
    from linemill.pipeline import Pipeline

LOOK_S = 1.0
"""How often the pipeline file and its modules are looked at."""


def serve(pipeline: PipelineOption = None, out: OutOption = None, host: HostOption = HOST, port: PortOption = PORT) -> Exit:
    """Show the dashboard, and work on nothing.

    It is the one of `linemill watch`, over the same catalog: of a mill that runs in another process, or of none. What is
    asked for there is left in the catalog until a mill does it. Goes on until Ctrl-C or SIGTERM.
    """
    place = place_of(pipeline, out)
    checked = opened(pipeline)
    from linemill.executors.prints import prints_on_stderr
    from linemill.files.incoming import sweep_incoming
    from linemill.observe.logs import set_up

    log = set_up(place.folder / "log" / "web", to_terminal=True)  # a file of its own: a mill may write the other
    latest = _Latest(checked, log)
    ends: SimpleQueue[None] = SimpleQueue()  # its `put` may interrupt its `get`, as an event's `set` may not its `wait`

    def stop(number: int, frame: FrameType | None) -> None:
        ends.put(None)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with (
            prints_on_stderr(),
            dashboard(place.base, latest.pipeline, log, host, port, on_end=lambda: ends.put(None)) as server,
        ):
            sweep_incoming(place.base / checked.watch.inbox)  # what a dashboard that was killed was still taking
            began()
            server.start()
            print(f"Dashboard on {server.url} of {checked.name!r}. Ctrl-C stops.", file=sys.stderr)
            while not _has_come(ends, LOOK_S):
                latest.look(time.time())
    finally:
        latest.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    return Exit.FAILED if server.has_failed else Exit.DONE


class _Latest:
    """The pipeline as it was last right.

    Args:
        pipeline: As it is loaded.
        log: Told when it has changed.
    """

    def __init__(self, pipeline: Pipeline, log: Logger) -> None:
        from linemill.mill.reload import Reloader
        from linemill.pipeline import version_of

        self._pipeline = pipeline
        self._log = log
        self._reloader = Reloader(pipeline, version_of(pipeline), LOOK_S)

    def pipeline(self) -> Pipeline:
        """Give it; called from any thread."""
        return self._pipeline

    def look(self, now: float) -> None:
        """Look whether it has changed."""
        from linemill.mill.reload import Refused, Reloaded

        news = self._reloader.look(now)
        if isinstance(news, Reloaded):
            self._pipeline = news.pipeline
            self._log.info("pipeline_reloaded", version=news.version.digest[:12])
        elif isinstance(news, Refused):
            self._log.error("pipeline_refused", reason=news.reason)

    def close(self) -> None:
        """Look no more."""
        self._reloader.close()


def _has_come(ends: SimpleQueue[None], timeout_s: float) -> bool:
    try:
        ends.get(timeout=timeout_s)
    except Empty:
        return False
    return True

"""`linemill watch`: the mill, until it is stopped."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption, opened

if TYPE_CHECKING:
    from linemill.mill.arrival import Inbox


def watch(pipeline: PipelineOption = None) -> Exit:
    """Take every file that arrives in the inbox, until stopped.

    Sends each through the pipeline exactly once. Goes on until Ctrl-C or SIGTERM, and then finishes what is in hand, or puts
    it back, within `stop_timeout`. Whatever a crash left undone is finished or taken back at the start.
    """
    checked = opened(pipeline)
    from linemill.executors.prints import prints_on_stderr
    from linemill.mill.folders import STATE_FOLDER
    from linemill.mill.service import Mill
    from linemill.observe.logs import set_up

    log = set_up(checked.folder / STATE_FOLDER / "log", to_terminal=True)

    def started(inbox: Inbox) -> None:
        print(f"Watching {inbox.folder} with {checked.name!r}. Ctrl-C stops.", file=sys.stderr)

    mill = Mill(checked, log, started)

    def stop(number: int, frame: FrameType | None) -> None:
        mill.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with prints_on_stderr():
            mill.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return Exit.DONE

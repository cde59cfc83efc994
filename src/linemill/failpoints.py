"""Places at which the process can be made to die, for the tests of what a crash leaves behind.

`LINEMILL_FAILPOINT=committed` kills the process, as `kill -9` would, when it first reaches the point of that name;
`committed:3` when it does so for the third time.
"""

from __future__ import annotations

import os
import signal
from itertools import count

VARIABLE = "LINEMILL_FAILPOINT"

_name, _, _times = os.environ.get(VARIABLE, "").partition(":")
_reached = count(1)


def reach(point: str) -> None:
    """Die here, if the environment says so."""
    if _name and point == _name and next(_reached) == int(_times or 1):
        os.kill(os.getpid(), signal.SIGKILL)

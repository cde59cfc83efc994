"""The start of a process: thousands of objects are made, and none of them is garbage."""

from __future__ import annotations

import gc


def beginning() -> None:
    """Leave the garbage collector out of it, which took a sixth of the time, until `began`."""
    gc.disable()


def began() -> None:
    """Have garbage collected again, and what is there by now never looked at."""
    gc.freeze()
    gc.enable()

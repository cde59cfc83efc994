"""The start of a process: thousands of objects are made, and none of them is garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def starting() -> Iterator[None]:
    """Leave the garbage collector out of it, which took a sixth of the time, until `began`, or the end."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def began(*, young: int = 700) -> None:
    """Have garbage collected again, and what is there by now never looked at.

    Args:
        young: Objects that are made before it is looked for. 700 is Python's own number, for whatever processors do; a mill,
            whose processors are elsewhere, spent a tenth of its time on that.
    """
    gc.freeze()
    gc.set_threshold(young)
    gc.enable()

"""The command line: one file a command, each a thin door to what does the work.

Typer is imported when `main` is called, everything heavier (Rich, pydantic, the pools) inside the command that needs it:
`linemill --help` has to answer at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from linemill.cli.starting import starting

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Args:
        arguments: Without the program's name; those that the program was started with, if None.
    """
    _fill_closed_streams()
    # A name or a line may hold bytes that are not UTF-8: they are shown escaped, whatever the locale is.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    with starting():
        from linemill.cli.app import app

        app(args=arguments, prog_name="linemill")


def _fill_closed_streams() -> None:
    """Open what the program was started without (`>&-`) on nothing, before a file of ours gets its descriptor."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free one: this
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  for as long as the program runs
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115

"""Exit codes, and how an error becomes one: in words on standard error, never as a bare traceback."""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import ParamSpec

import typer

from linemill.cli.wording import visible
from linemill.errors import ConfigurationError, InvariantBroken, LinemillError, UsageError

P = ParamSpec("P")


class Exit(IntEnum):
    """What the program says to whoever started it."""

    DONE = 0
    FAILED = 1
    REFUSED = 2
    BROKEN = 70
    STOPPED = 130
    CLOSED = 141
    TERMINATED = 143


MEANINGS = {
    Exit.DONE: "Done.",
    Exit.FAILED: "A file failed, or something stood in the way (a full disk, say); with `--strict` also: dead letters.",
    Exit.REFUSED: "Nothing was begun: the pipeline is wrong, or the command asks for something that cannot be.",
    Exit.BROKEN: "linemill itself broke; standard error has the traceback to report.",
    Exit.STOPPED: "Stopped by Ctrl-C (SIGINT). What was not finished by then was not published.",
    Exit.CLOSED: "Whoever read standard output stopped reading (`| head`, say) before everything was written to it.",
    Exit.TERMINATED: "Stopped by SIGTERM, as above.",
}
"""For the reference: what each exit code means."""


def code_of(error: LinemillError) -> Exit:
    """Tell which exit code an error that ends the command stands for."""
    if isinstance(error, ConfigurationError | UsageError):
        return Exit.REFUSED
    return Exit.BROKEN if isinstance(error, InvariantBroken) else Exit.FAILED


def told(command: Callable[P, Exit]) -> Callable[P, None]:
    """Wrap a command so that it leaves with its exit code, and tells of errors in words."""

    @functools.wraps(command)
    def leave(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
            sys.stdout.flush()
        except LinemillError as error:
            tell(error)
            code = code_of(error)
        except BrokenPipeError:
            silence_stdout()
            code = Exit.CLOSED
        except OSError as error:
            if error.errno != errno.ENOSPC or error.filename is not None:
                code = broken(error)
            else:  # whatever has a name is translated where it is written: what is left is our own words
                silence_stdout()
                print("linemill: standard output cannot be written: its disk is full", file=sys.stderr)
                code = Exit.FAILED
        except typer.TyperException:
            raise  # a usage error, which Typer tells of
        except Exception as error:
            code = broken(error)
        raise typer.Exit(code)

    return leave


def broken(error: Exception) -> Exit:
    """Say that an error is linemill's own, with all that a report needs."""
    import traceback

    lines = "".join(traceback.format_exception(error))
    words = "linemill broke; this is a bug in it: please report it with the lines above"
    print(f"{visible(lines, lines=True)}{words}", file=sys.stderr)
    return Exit.BROKEN


def tell(error: LinemillError) -> None:
    """Say on standard error what went wrong: every problem of a pipeline on lines of its own, everything else on one."""
    is_many = isinstance(error, ConfigurationError)
    print(visible(str(error), lines=True) if is_many else f"linemill: {visible(str(error))}", file=sys.stderr)


def silence_stdout() -> None:
    """Send what is still to be written to a standard output that nobody reads to nowhere, so that leaving is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)

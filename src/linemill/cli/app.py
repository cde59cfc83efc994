"""The Typer app: which commands there are."""

from __future__ import annotations

from typing import Annotated

import typer

from linemill.cli.check import check
from linemill.cli.errors import errors
from linemill.cli.exits import told
from linemill.cli.explain import explain
from linemill.cli.files import files
from linemill.cli.graph import graph
from linemill.cli.init import init
from linemill.cli.pause import pause
from linemill.cli.processors import processors
from linemill.cli.redrive import redrive
from linemill.cli.reprocess import reprocess
from linemill.cli.resume import resume
from linemill.cli.retry import retry
from linemill.cli.run import run
from linemill.cli.serve import serve
from linemill.cli.token import app as token
from linemill.cli.verify import verify
from linemill.cli.watch import watch

# Plain help: formatted help would load Rich, which takes longer than everything else that `--help` does.
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

COMMANDS = (
    *(init, run, watch, serve, check, graph, processors),
    *(files, explain, errors, retry, reprocess, redrive, pause, resume, verify),
)
"""In the order of the help: to work with, and to see and steer what was worked."""

for command in COMMANDS:
    app.command(command.__name__, no_args_is_help=command in (run, explain, reprocess))(told(command))
app.add_typer(token, name="token")


def _version(is_asked: bool) -> None:
    if is_asked:
        from linemill import __version__

        typer.echo(f"linemill {__version__}")
        raise typer.Exit


@app.callback()
def linemill(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Send every line of every file through plain Python, exactly once."""

"""The Typer app: which commands there are."""

from __future__ import annotations

from typing import Annotated

import typer

from linemill.cli.check import check
from linemill.cli.exits import told
from linemill.cli.graph import graph
from linemill.cli.init import init
from linemill.cli.processors import processors
from linemill.cli.run import run

# Plain help: formatted help would load Rich, which takes longer than everything else that `--help` does.
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

for command in (init, run, check, graph, processors):
    app.command(command.__name__, no_args_is_help=command is run)(told(command))


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

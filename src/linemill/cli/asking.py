"""What commands about a catalog have in common: which one, who asks, what is in the inbox."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linemill.cli.opening import opened, path_of
from linemill.cli.starting import began
from linemill.cli.wording import near, visible
from linemill.errors import LinemillError, UsageError

if TYPE_CHECKING:
    from linemill.catalog.history import History
    from linemill.mill.arrival import Seen
    from linemill.pipeline import Pipeline

OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="The folder that `run --out` was given.  [default: the pipeline file's folder]"),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")]

NodeOption = Annotated[str | None, typer.Option("--node", metavar="NODE", help="Only those of this node.", show_default=False)]

CodeOption = Annotated[str | None, typer.Option("--code", metavar="CODE", help="Only those with this code.", show_default=False)]

AfterOption = Annotated[
    str | None, typer.Option("--after", metavar="CURSOR", help="Go on behind a page before.", show_default=False)
]

NO_CATALOG = "`linemill run` and `linemill watch` begin one; with --out or -p you name another"


@dataclass(frozen=True, slots=True)
class Place:
    """Which catalog a command is about.

    Attributes:
        pipeline: The pipeline file, as named; None where only the folder was.
        base: The folder that relative paths start from.
        folder: The state folder in it.
    """

    pipeline: Path | None
    base: Path
    folder: Path


def place_of(pipeline: Path | None, out: Path | None) -> Place:
    """Tell which catalog the options name.

    Raises:
        UsageError: Neither a pipeline nor a folder is named, and there is no pipeline in the current folder.
    """
    from linemill.mill.folders import STATE_FOLDER

    if out is not None:
        base = Path(os.path.abspath(out))
        return Place(pipeline, base, base / STATE_FOLDER)
    path = path_of(pipeline)
    base = Path(os.path.abspath(path)).parent
    return Place(path, base, base / STATE_FOLDER)


@contextmanager
def history_of(place: Place) -> Iterator[History]:
    """Open the catalog for reading.

    Raises:
        UsageError: There is none.
    """
    from linemill.catalog.history import History

    history = History.open(place.folder)
    if history is None:
        raise UsageError("there is no catalog yet", near(place.folder), NO_CATALOG)
    began()
    with history:
        yield history


def seen_in_inbox(place: Place) -> tuple[tuple[Seen, ...], str | None]:
    """Look into the inbox.

    Returns:
        What is there, and why nobody could look.
    """
    from linemill.catalog.history import History
    from linemill.mill.arrival import look

    try:
        with History.open(place.folder) or nullcontext() as history:
            known = history.known_in if history is not None else lambda folder, names: {}
            return tuple(look(opened(place.pipeline), place.base, time.time(), known)), None
    except LinemillError as error:
        return (), f"the inbox was not looked at: {error}"


def loaded(place: Place) -> Pipeline | None:
    """Load the pipeline; None if it is wrong as it is now, or not named."""
    try:
        return opened(place.pipeline)
    except LinemillError:
        return None


def note(text: str) -> None:
    """Say something aside, on standard error."""
    print(f"linemill: {visible(text)}", file=sys.stderr)


def who() -> str:
    """Name the person who asks, as the system knows them."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, in a container
        return f"user {os.getuid()}"

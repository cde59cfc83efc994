"""`linemill processors`: what is built in."""

from __future__ import annotations

import difflib
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from linemill.cli.exits import Exit
from linemill.errors import UsageError

if TYPE_CHECKING:
    from linemill.processors import Described


def processors(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show everything about this one.", show_default=False)
    ] = None,
) -> Exit:
    """List the built-in processors, or show all about one."""
    from linemill.processors import catalogue

    described = {each.name: each for each in catalogue()}
    if name is None:
        _list(list(described.values()))
        return Exit.DONE
    short = name.removeprefix("linemill.processors:").removeprefix("linemill.processors.")
    if short not in described:
        near = difflib.get_close_matches(short, described, 1)
        hint = f"did you mean {near[0]}?" if near else "linemill processors lists all"
        raise UsageError(f"there is no built-in processor {name}", hint=hint)
    _show(described[short])
    return Exit.DONE


def _list(described: list[Described]) -> None:
    name_width = max(len(each.name) for each in described)
    for each in described:
        print(_hanging(f"{each.name:{name_width}}  {each.takes:6}  ", each.summary))
    print("\nIn a pipeline: use: linemill.processors:NAME\nMore about one: linemill processors NAME")


def _show(each: Described) -> None:
    kind = f"takes {'a record' if each.takes == 'record' else 'text'}; mode {each.mode}"
    cut = "a large file may be cut into parts" if each.is_splittable else "a large file is not cut into parts"
    print(f"{each.use}\n({kind}; {cut})\n\n{_hanging('', each.summary)}")
    for paragraph in each.details.split("\n\n") if each.details else []:
        print(f"\n{_hanging('', paragraph)}")
    if each.settings:
        print("\nSettings:")
    for setting in each.settings:
        default = "required" if setting.default is None else f"default: {setting.default}"
        print(f"  {setting.name}: {setting.type} ({default})\n{_hanging('      ', setting.meaning)}")
    for title, text in (("Example", each.example), ("Given", each.given), ("Gives", each.gives)):
        print(f"\n{title}:\n{textwrap.indent(text, '  ')}")


def _hanging(first: str, text: str) -> str:
    """Fill text to the width of the terminal, with what follows its beginning under it; a pipe gets long lines."""
    if not sys.stdout.isatty():
        return first + text
    width = max(shutil.get_terminal_size().columns, len(first) + 30)
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=" " * len(first))

"""The reference of the command line, from the commands' own help: `python -m linemill.cli.reference`."""

from __future__ import annotations

from collections.abc import Iterator

import typer
import typer.core
import typer.main

from linemill.cli.app import app
from linemill.cli.document import FIELDS
from linemill.cli.documents import ANSWERS
from linemill.cli.exits import MEANINGS

WIDTH = 100
"""Columns of the help texts, whatever the terminal of who makes the reference."""


def reference() -> str:
    """Write the reference, as Markdown: every command's help, the exit codes, the fields of `--json`."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    parts = [
        "# The command line",
        "",
        "Made by `python -m linemill.cli.reference` from the commands' own help.",
        "",
        *_help(group, "linemill"),
    ]
    for name, command in _commands(group, "linemill"):
        parts += ["", f"## {name}", "", *_help(command, name)]
    parts += [
        "",
        "## Exit codes",
        "",
        "| code | means |",
        "|---|---|",
        *(f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items()),
        "",
        "What went wrong is said in words on standard error: for a wrong pipeline every mistake on lines of its own, as",
        "`file:line:column: what; hint`.",
        "",
        "## What `linemill run --json` prints",
        "",
        "One JSON object on standard output, whatever happens; only a command line that cannot be understood prints none.",
        "Bytes of a name that are not UTF-8 are written as `\\xNN`.",
        "",
        "| field | means |",
        "|---|---|",
        *(f"| `{field}` | {meaning} |" for field, meaning in FIELDS.items()),
        "",
        "## What the others print with `--json`",
        "",
        "One JSON object with `form`, as above, and the fields of the table; times are seconds since 1970 (UTC). A command that",
        "is refused prints `exit_code` and `error` with `code` and `what`. `reprocess` and `redrive` print what `retry` does.",
        "",
        "| command | field | means |",
        "|---|---|---|",
        *(f"| `{command}` | `{field}` | {meaning} |" for command, fields in ANSWERS.items() for field, meaning in fields.items()),
    ]
    return "\n".join(parts) + "\n"


def _commands(group: typer.core.TyperGroup, name: str) -> Iterator[tuple[str, typer.core.TyperGroup | typer.core.TyperCommand]]:
    """Give all commands with their names; those of a group behind it."""
    for last, command in group.commands.items():
        assert isinstance(command, typer.core.TyperGroup | typer.core.TyperCommand)
        yield f"{name} {last}", command
        if isinstance(command, typer.core.TyperGroup):
            yield from _commands(command, f"{name} {last}")


def _help(command: typer.core.TyperGroup | typer.core.TyperCommand, name: str) -> list[str]:
    context = typer.Context(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
    return ["```text", command.get_help(context), "```"]


if __name__ == "__main__":
    print(reference(), end="")

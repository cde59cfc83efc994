import re
import shlex
from pathlib import Path

import pytest
import typer

from linemill.cli.app import app

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = sorted([CHECKOUT / "README.md", *(CHECKOUT / "docs").rglob("*.md"), *(CHECKOUT / "examples").glob("*/README.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_a_command_that_no_test_runs_is_one_that_there_is(page, blocks_of):
    for words, text, line in blocks_of(page):
        if words in (["sh", "elsewhere"], ["console", "elsewhere"]):
            for said in _commands(text):
                _parse(said, f"{page.name}, in the block at line {line}: {shlex.join(said)}")


def _commands(text: str) -> list[list[str]]:
    """Give the words after `linemill` of its calls; not those of options alone, which act when they are read."""
    lines = text.replace("\\\n", " ").splitlines()
    calls = [call.partition(" > ")[0] for line in lines for call in re.split(r"&&|;|\|", line)]
    words = [shlex.split(call.strip().removeprefix("$ "), comments=True) for call in calls if "linemill " in call]
    return [said[1:] for said in words if said[:1] == ["linemill"] and not said[1].startswith("-")]


def _parse(said: list[str], where: str) -> None:
    command, name, arguments = typer.main.get_command(app), "linemill", list(said)
    while isinstance(command, typer.core.TyperGroup):
        name = arguments.pop(0)
        assert name in command.commands, where
        command = command.commands[name]
    try:
        command.make_context(name, arguments)  # reads the arguments, and runs nothing
    except Exception as error:
        raise AssertionError(f"{where}: {error}") from error

"""The pages about the running service: held against the code, which is the one place that lists each thing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import linemill.errors
from linemill.catalog.records import AttemptState, FileState, How, Kind, Origin
from linemill.catalog.schema import metadata
from linemill.files.readiness import Unready
from linemill.mill.arrival import TEMPORARY, Reason

PACKAGE = Path(linemill.errors.__file__).parent
NEVER_SHOWN = {Unready.VANISHED, Unready.NO_FILE}
"""What is gone is not listed, and what is no file is told by the kind of its entry before it is opened."""


@pytest.fixture(scope="module")
def page(checkout):
    return lambda name: (checkout / "docs" / name).read_text(encoding="utf-8")


def _rows(text: str) -> set[str]:
    """Names in code quotes in the first column of all tables."""
    return {name for cell in re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE) for name in re.findall("`([^`]+)`", cell)}


def _calls() -> Iterator[ast.Call]:
    for module in PACKAGE.rglob("*.py"):
        yield from (node for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))


def _texts(node: ast.expr) -> set[str]:
    """Every text that an argument may be."""
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def _logged() -> dict[str, str]:
    """Every event of the log, with its level."""
    found: dict[str, str] = {}
    for call in _calls():
        match call.func:
            case ast.Attribute(value=ast.Attribute(attr="_log"), attr="info" | "warning" | "error" as level):
                argument = call.args[0]
                texts = _texts(argument.body) | _texts(argument.orelse) if isinstance(argument, ast.IfExp) else _texts(argument)
                found |= dict.fromkeys(texts, level)
    return found


def test_every_event_of_the_log_is_explained_and_no_other(page):
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (info|warning|error) \|", page("reference/log.md"), re.MULTILINE)
    explained = {name: level for names, level in rows for name in re.findall(r"`(\w+)`", names)}
    assert {"mill_started", "file_done"} <= explained.keys()
    assert explained == _logged()


def test_every_event_of_the_catalog_is_explained(page):
    written: set[str] = set()
    for call in _calls():
        match call:
            case ast.Call(func=ast.Attribute(attr="event"), args=[_, what, *_]):
                written |= _texts(what)
            case ast.Call(func=ast.Attribute(value=ast.Name("events"), attr="note"), args=[_, _, what, *_]):
                written |= _texts(what)
    assert {"tidied", "pause", "token_created"} <= written
    wishes = {Kind.RETRY, Kind.REPROCESS, Kind.REDRIVE}
    section = page("reference/catalog.md").split("\n## event\n")[1].split("\n## ")[0]
    assert _rows(section.split("| `what` | means |")[1]) == written | wishes


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_every_column_of_the_catalog_is_explained(page, table):
    text = page("reference/catalog.md")
    columns = [column.name for column in table.columns]
    title = f"\n## {table.name}\n"
    if title in text:
        section = text.split(title)[1].split("\n## ")[0].split("| `what` | means |")[0]
        assert _rows(section) >= set(columns)
    else:
        row = next(line for line in text.splitlines() if line.startswith(f"| `{table.name}` |"))
        assert [name for name in columns if f"`{name}`" not in row] == []


def test_every_state_and_kind_is_explained(page):
    text = page("reference/catalog.md")
    for value in [*FileState, *AttemptState, *Origin, *Kind, *How]:
        assert f"`{value}`" in text


def test_every_reason_for_which_a_file_is_not_taken_is_explained(page):
    text = page("how-to/watch-a-folder.md").replace("`", "")
    shown = [reason for reason in [*Reason, *Unready] if reason not in NEVER_SHOWN]
    assert [reason for reason in shown if f"| {reason}" not in text] == []
    assert [end for end in TEMPORARY if f" {end}" not in text] == []

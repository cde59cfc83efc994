"""What can be written or read has its place in the reference: compared with the code, which is the one place that lists it."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.core
import typer.main

import linemill.errors
from linemill.cli.app import app
from linemill.engine.dead import DeadCode, DeadLetter, Form
from linemill.executors.letters import letter_line
from linemill.mill.targets import DEAD_LETTERS_PATH
from linemill.pipeline import load, spec
from linemill.pipeline.graph import (
    LONGEST_BACKOFF_S,
    After,
    Budget,
    HistorySettings,
    InputSettings,
    Mode,
    Node,
    OnError,
    Retry,
    Tries,
    UploadSettings,
    WatchSettings,
    WorkerSettings,
)
from linemill.processors import PROCESSORS, catalogue

CHECKOUT = Path(__file__).resolve().parents[2]
KEYS = {
    "The file itself": spec.TOP,
    "Nodes": {**spec.NODE, **spec.RETRY},
    "Input": spec.INPUT,
    "Errors": spec.ERRORS,
    "Watch": spec.WATCH,
    "Workers": spec.WORKERS,
    "History": spec.HISTORY,
    "Upload": spec.UPLOAD,
}


@pytest.fixture(scope="module")
def reference(checkout):
    return {page.name: page.read_text(encoding="utf-8") for page in (checkout / "docs/reference").glob("*.md")}


@pytest.fixture(scope="module")
def readme(checkout):
    return (checkout / "README.md").read_text(encoding="utf-8")


def _section(page: str, title: str) -> str:
    return page.split(f"\n## {title}\n")[1].split("\n## ")[0]


def _first_column(section: str) -> list[str]:
    """Names in code quotes at the beginning of a table's rows."""
    return [name for cell in re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE) for name in re.findall("`([^`]+)`", cell)]


def _default(section: str, key: str) -> str:
    row = next(line for line in section.splitlines() if line.startswith(f"| `{key}` |"))
    return row.split(" | ")[2].strip("`")


@pytest.mark.parametrize("title", KEYS)
def test_every_key_of_a_pipeline_file_has_its_row_and_no_other(reference, title):
    assert sorted(_first_column(_section(reference["pipeline-file.md"], title))) == sorted(KEYS[title])


def test_the_defaults_are_those_of_the_code(reference):
    page = reference["pipeline-file.md"]
    nodes, given = _section(page, "Nodes"), Node.__dataclass_fields__
    assert [_default(nodes, key) for key in ("max_yield", "concurrency", "on_error")] == [
        str(given[key].default) for key in ("max_yield", "concurrency", "on_error")
    ]
    retry = Retry(on=())
    assert [_default(nodes, key) for key in ("attempts", "wait", "wait_max")] == [
        str(retry.attempts),
        f"{retry.wait_s * 1000:g}ms",
        f"{retry.wait_max_s:g}s",
    ]
    settings, limits = InputSettings(), _section(page, "Input")
    assert _default(limits, "max_line") == f"{settings.max_line // 2**20} MiB"
    assert _default(limits, "max_size") == f"{settings.max_size // 2**30} GiB"
    assert _default(_section(page, "Errors"), "budget") == f"{Budget().share:.0%}"
    assert f"never allows fewer than {Budget().least} dead letters" in page
    tries = Tries()
    assert [_default(_section(page, "Errors"), key) for key in ("attempts", "backoff")] == [
        str(tries.attempts),
        f"{tries.backoff_s:g}s",
    ]
    assert f"up to {LONGEST_BACKOFF_S / 60:g} minutes" in page
    watch, folders = WatchSettings(), ("inbox", "processing", "processed", "failed")
    assert [_default(_section(page, "Watch"), key) for key in folders] == [getattr(watch, key) for key in folders]
    assert [_default(_section(page, "Watch"), key) for key in ("settle", "marker", "after", "min_free", "stop_timeout")] == [
        f"{watch.settle_s:g}s",
        str(watch.marker).lower(),
        watch.after,
        f"{watch.min_free // 2**20} MiB",
        f"{watch.stop_timeout_s:g}s",
    ]
    workers, history = WorkerSettings(), HistorySettings()
    assert [_default(_section(page, "Workers"), key) for key in ("memory_limit", "stall_timeout")] == [
        str(workers.memory_limit).lower(),
        f"{workers.stall_timeout_s / 60:g}m",
    ]
    assert [_default(_section(page, "History"), key) for key in ("age", "files")] == [
        f"{history.age_s / 86_400:g}d",
        str(history.files),
    ]
    upload = UploadSettings()
    assert [_default(_section(page, "Upload"), key) for key in ("max_size", "quota")] == [
        f"{upload.max_size // 2**30} GiB",
        f"{upload.quota // 2**30} GiB",
    ]


def test_every_allowed_value_is_named(reference):
    page = reference["pipeline-file.md"]
    for value in [*Mode, *OnError, *After, *spec.RESERVED]:
        assert f"`{value}`" in page
    for placeholder in spec.PLACEHOLDERS:
        assert f"`{placeholder}`" in reference["outputs.md"]


def test_every_code_of_a_dead_letter_is_explained(reference):
    codes = _first_column(_section(reference["outputs.md"], "Dead letters"))
    assert [code for code in codes if code in set(DeadCode)] == [code.value for code in DeadCode]


def test_every_field_of_a_dead_letter_is_explained(reference):
    whole = DeadLetter(1, "a", DeadCode.RAISED, "e", "t", "i", "b", 1, 1, Form.JSON)
    fields = re.findall(r'"(\w+)": ', letter_line(whole, "f").decode())
    section = _section(reference["outputs.md"], "Dead letters")
    assert sorted(_first_column(section)) == sorted([*fields, *DeadCode])
    assert f"`{DEAD_LETTERS_PATH}`" in section


def test_every_code_of_an_error_is_explained(reference):
    package = Path(linemill.errors.__file__).parent
    known = {code for module in package.rglob("*.py") for code in _codes(ast.parse(module.read_text(encoding="utf-8")))}
    assert {"configuration", "disk_full", "truncated", "not_copied"} <= known
    explained = reference["outputs.md"] + reference["input.md"] + reference["api.md"]
    assert [code for code in sorted(known) if f"`{code}`" not in explained] == []


def _codes(module: ast.Module) -> Iterator[str]:
    """Give every text that is given to the keyword `code`, or to an attribute or variable of that name."""
    for node in ast.walk(module):
        values: list[ast.expr] = []
        if isinstance(node, ast.keyword) and node.arg == "code":
            values = [node.value]
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            values = [node.value] if any(isinstance(target, ast.Name) and target.id == "code" for target in targets) else []
        for value in values:
            chosen = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            yield from (one.value for one in chosen if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _commands() -> dict[str, Any]:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    return dict(group.commands)


def test_every_command_and_option_is_in_the_reference(reference, readme):
    for name, command in _commands().items():
        assert f"\n## linemill {name}\n" in reference["cli.md"]
        assert f"`linemill {name}" in readme
        section = _section(reference["cli.md"], f"linemill {name}")
        for parameter in command.params:
            for option in parameter.opts if parameter.param_type_name == "option" else ():
                assert option in section


def test_every_option_of_run_is_in_the_readme(readme):
    options = [parameter for parameter in _commands()["run"].params if parameter.opts[0].startswith("-")]
    assert [parameter.opts for parameter in options if not any(f"`{option}" in readme for option in parameter.opts)] == []


def test_the_readme_has_every_built_in_processor_in_a_line_that_loads(readme, tmp_path):
    rows = re.findall(r"^\| [^|`]+ \| `(\w+): (\{.*\})` \|$", readme, re.MULTILINE)
    assert [name for name, _ in rows] == list(PROCESSORS)
    takes = {described.name: described.takes for described in catalogue()}
    for name, node in rows:
        before = "  before: {use: linemill.processors:parse_json, to: node}\n" if takes[name] == "record" else ""
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"nodes:\n{before}  node: {node}\noutputs: {{out: 'out/{{name}}'}}\n")
        assert load(path).nodes[-1].use == f"linemill.processors:{name}"


def test_every_dependency_has_its_reason(checkout):
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = [re.split(r"[\[>=<;~ ]", requirement)[0].lower() for requirement in needed]
    said = (checkout / "docs/architecture.md").read_text().split("\n## What it stands on\n")[1].lower()
    assert [name for name in names if name not in said] == []


def test_the_walks_name_every_file_that_they_pass(checkout):
    walks = (checkout / "docs/architecture.md").read_text(encoding="utf-8")
    package = Path(linemill.errors.__file__).parent
    parts = ("pipeline", "engine", "executors", "files", "mill", "web")
    passed = [path for part in parts for path in (package / part).rglob("*.py")]
    assert [path.name for path in passed if path.stem != "__init__" and not re.search(rf"\b{path.name}`", walks)] == []


def test_the_picture_in_the_readme_is_the_quick_start_as_it_is(checkout):
    from linemill import drawing

    picture = (checkout / "docs/quickstart.svg").read_text(encoding="utf-8")
    assert picture == drawing.svg(load(checkout / "examples/quickstart/pipeline.yaml"))

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import linemill.processors
from linemill.processors import PROCESSORS, catalogue
from linemill.processors._wording import as_text
from linemill.processors.describe import reference

PROJECT = Path(__file__).resolve().parents[3]
DESCRIBED = {each.name: each for each in catalogue()}
EVERY_ONE = pytest.mark.parametrize("described", DESCRIBED.values(), ids=DESCRIBED)


def run_example(text: str, lines: list[Any]) -> str:
    """Send lines through the nodes of an example, a straight chain, and show what leaves the last as the catalogue does."""
    nodes = YAML(typ="safe").load(text)["nodes"]
    items = lines
    for node in nodes.values():
        module, _, name = node["use"].partition(":")
        assert module == "linemill.processors"
        processor: Any = getattr(linemill.processors, name)
        settings = node.get("with", {})
        if DESCRIBED[name].mode == "stream":
            items = list(processor(**settings)(iter(items)))
        elif inspect.isclass(processor):
            built: Any = processor(**settings)
            items = [result for result in map(built, items) if result is not None]
        else:
            items = [processor(item, **settings) for item in items]
    return "\n".join(f"[{item[0]}] {as_text(item[1])}" if isinstance(item, tuple) else as_text(item) for item in items)


def test_every_processor_has_a_file_a_test_and_a_description_of_its_own():
    files = [path.stem for path in Path(linemill.processors.__file__).parent.glob("*/[a-z]*.py")]
    assert sorted(PROCESSORS) == sorted(files)
    assert {path.name for path in Path(__file__).parent.glob("*/*.py")} == {f"test_{name}.py" for name in PROCESSORS}
    assert set(PROCESSORS) < set(linemill.processors.__all__)
    assert list(DESCRIBED) == list(PROCESSORS)


@EVERY_ONE
def test_the_example_does_what_it_says(described):
    assert run_example(described.example, described.given.split("\n")) == described.gives


@EVERY_ONE
def test_the_example_is_a_whole_pipeline_that_uses_the_processor(described):
    example = YAML(typ="safe").load(described.example)
    assert set(example) == {"nodes", "outputs"}
    assert described.use in [node["use"] for node in example["nodes"].values()]
    for node in example["nodes"].values():
        targets = node["to"].values() if isinstance(node["to"], dict) else [node["to"]]
        assert set(targets) <= set(example["nodes"]) | set(example["outputs"])


@EVERY_ONE
def test_every_setting_is_described_and_nothing_else(described):
    doc = inspect.getdoc(getattr(linemill.processors, described.name)) or ""
    assert described.summary.endswith(".")
    assert all(setting.meaning.endswith(".") for setting in described.settings)
    block = doc.partition("Settings:\n")[2].partition("\n\n")[0]
    named = [line.strip().split(":")[0] for line in block.splitlines() if line.startswith("    ") and line[4] != " "]
    assert len(named) == len(described.settings)


@EVERY_ONE
def test_settings_are_keywords_only(described):
    processor = getattr(linemill.processors, described.name)
    parameters = list(inspect.signature(processor).parameters.values())
    settings = parameters if inspect.isclass(processor) else parameters[1:]
    assert {parameter.kind for parameter in settings} <= {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}
    # A constructor that asks for `name` is given the node's.
    assert "name" not in {parameter.name for parameter in settings}


def test_only_what_holds_no_state_over_lines_is_splittable():
    stateful = {"join_lines", "deduplicate", "sample", "head", "number", "count_by_pattern", "parse_csv"}
    assert {name for name, described in DESCRIBED.items() if not described.is_splittable} == stateful


def test_a_description_has_types_and_defaults_as_yaml_writes_them():
    settings = {setting.name: (setting.type, setting.default) for setting in DESCRIBED["replace"].settings}
    assert settings == {
        "pattern": ("str", None),
        "by": ("str", '""'),
        "count": ("int", "0"),
        "ignore_case": ("bool", "false"),
    }
    assert [setting.name for setting in DESCRIBED["tag_by_pattern"].settings] == ["any name"]


def test_the_reference_is_current():
    written = (PROJECT / "docs/reference/processors.md").read_text()
    assert written == reference(), "run: python -m linemill.processors > docs/reference/processors.md"


def test_the_module_prints_the_reference():
    done = subprocess.run([sys.executable, "-m", "linemill.processors"], capture_output=True, text=True, check=True)
    assert done.stdout == reference()


def test_a_name_is_the_processor_even_where_its_module_was_imported_before():
    code = "import linemill.processors.text.strip, linemill.processors as p; print(p.strip(' a '))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "a\n"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'linemill.processors' has no attribute 'stripe'$"):
        _ = linemill.processors.stripe  # type: ignore[attr-defined]


def test_importing_stays_cheap():
    heavy = "{'pydantic', 'ruamel', 'typer', 'rich', 'greenlet', 'orjson', 'inspect', 'linemill.pipeline'}"
    code = f"import sys, linemill.processors; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from linemill.errors import ConfigurationError
from linemill.pipeline import Pipeline, load
from linemill.pipeline.spec import ERRORS, INPUT, NODE, OUTPUT, RETRY, TOP, WATCH

WHOLE = """
name: web-logs
nodes:
  clean:
    use: processors.text:strip_ansi
    to: level
  level:
    use: linemill.processors:tag_by_pattern
    with: {error: '\\bERROR\\b', warn: '\\bWARN'}
    to: {error: errors, warn: [warnings, audit], "*": snake}
  audit:
    use: processors.audit:Counter
    mode: stream
    to: drop
  snake:
    use: processors.text:Snake
    with: {separator: "_"}
    retry: {on: [ConnectionError], attempts: 4}
    to: general
outputs:
  errors: out/errors/{name}
  warnings: {path: "out/warnings-{date}.log"}
  general: out/general/{name}
errors: {budget: 1%}
watch: {inbox: inbox, include: ["*.log"], settle: 1s, after: move}
input: {encoding: utf-8, max_line: 16 MiB}
"""


@pytest.fixture
def whole(project):
    project.write(
        "processors/text.py",
        (
            "def strip_ansi(line: str): ...\n"
            "class Snake:\n"
            "    def __init__(self, separator: str): ...\n"
            "    def __call__(self, line): ...\n"
        ),
    )
    project.write("processors/audit.py", "class Counter:\n    def process(self, items): ...\n")
    return project


def test_the_whole_example_loads(whole):
    pipeline = whole.load(WHOLE)
    assert [node.name for node in pipeline.nodes] == ["clean", "level", "audit", "snake"]
    assert [output.name for output in pipeline.outputs] == ["errors", "warnings", "general"]
    assert dict(pipeline.nodes[1].settings) == {"error": r"\bERROR\b", "warn": r"\bWARN"}
    assert not pipeline.is_splittable


def test_a_relative_path_gives_an_absolute_pipeline(whole, monkeypatch):
    whole.write("sub/pipeline.yaml", "nodes: {a: {use: 'linemill.processors:strip', to: drop}}\n")
    monkeypatch.chdir(whole.folder)
    pipeline = load(Path("sub/pipeline.yaml"))
    assert pipeline.path == whole.folder / "sub" / "pipeline.yaml"
    assert pipeline.name == "sub"


def test_mistakes_of_every_kind_are_told_together_in_the_files_order(project):
    project.write("q.py", "def f(line: str, by: int): ...\ndef g(x): ...\n")
    message = project.refusal(
        "nmae: x\nnodes:\n  a: {use: 'q:f', with: {by: x}, to: [b, b]}\n  b: {use: 'q:g', mode: lime, to: drop}\n"
        "  b: {use: 'q:g', to: drop}\n"
        "  c: {use: 'q:h', on_error: fail, retry: {on: Nope}, to: a}\n"
        "outputs: {out: 'out/{nmae}'}\n"
        "watch: {after: no}\n"
    )
    assert [line.split(": ", 1)[0] for line in message.splitlines()] == [
        f"pipeline.yaml:{place}" for place in ("1:1", "3:30", "3:42", "4:12", "4:25", "5:3", "6:12", "6:47", "7:16", "8:16")
    ]


def test_the_error_names_the_file_as_it_was_asked_for_and_survives_the_way_home(project, monkeypatch):
    import pickle

    project.write("pipeline.yaml", "nodes: 3\n")
    monkeypatch.chdir(project.folder)
    with pytest.raises(ConfigurationError) as refused:
        load(Path("./pipeline.yaml"))
    assert str(refused.value) == "pipeline.yaml:1:8: nodes: found 3, wants a mapping"
    assert pickle.loads(pickle.dumps(refused.value)).problems == refused.value.problems


SIGNS = st.sampled_from([*"ab:- \n[]{},&*!|>'\"%@`#?~<=0123.\t\\", "nodes:", "use: p:up", "to: ", "\n  ", "*a", "&a "])


def outcome(folder: Path, content: bytes) -> None:
    path = folder / "pipeline.yaml"
    path.write_bytes(content)
    refused: ConfigurationError | None = None
    try:
        pipeline = load(path)
    except ConfigurationError as error:
        refused = error
    if refused is not None:
        assert refused.problems
        assert all(line.isprintable() for line in str(refused).splitlines())
        return
    assert isinstance(pipeline, Pipeline)
    names = {node.name for node in pipeline.nodes} | {output.name for output in pipeline.outputs} | {"drop"}
    assert {target for node in pipeline.nodes for targets in node.routes.values() for target in targets} <= names


fuzz = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

VALUES = "line batch stream fail 1s 5x 1% move utf-8 end start drop * a b p:up p.up p OSError out/{name} {name} {date}"
WORDS = st.sampled_from([*TOP, *NODE, *RETRY, *WATCH, *INPUT, *ERRORS, *OUTPUT, "tag", "type", "config", *VALUES.split(" ")])
SCALARS = WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = WORDS | st.text(max_size=5)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20)
NODES = st.fixed_dictionaries(
    {"use": st.sampled_from(["p:up", "p.up"]) | SCALARS, "to": TREES},
    optional=dict.fromkeys(
        ("with", "mode", "retry", "on_error", "splittable", "line_timeout", "concurrency", "tag", "type", "config"), TREES
    ),
)
FILES = st.fixed_dictionaries(
    {"nodes": st.dictionaries(KEYS, NODES, max_size=4) | st.lists(NODES, max_size=3) | TREES},
    optional=dict.fromkeys(("name", "start", "outputs", "errors", "watch", "input", "pipeline", "nods"), TREES),
)


@fuzz
@given(content=st.binary(max_size=200))
@example(content=b"a: \xff")
@example(content=b"%TAG ! tag:\n---\n!x y: 1\n")
@example(content=b"%YAML 9.9.9\n---\na\n")
@example(content=b"? \n? \n")
@example(content=b"&a [*a, &a]")
@example(content=b'"\\x')
def test_any_bytes_give_a_pipeline_or_a_configuration_error(project, content):
    outcome(project.folder, content)


@fuzz
@given(content=st.lists(SIGNS, max_size=60).map("".join))
def test_any_text_of_yaml_signs_gives_a_pipeline_or_a_configuration_error(project, content):
    outcome(project.folder, content.encode())


@pytest.mark.slow
@fuzz
@given(tree=FILES | TREES)
def test_any_structure_gives_a_pipeline_or_a_configuration_error(project, tree):
    outcome(project.folder, as_yaml(tree).encode("utf-8", "replace"))


def as_yaml(tree) -> str:
    """Write a tree as flow YAML; text in double quotes, other than what is plainly a word."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{as_yaml(key)}: {as_yaml(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(as_yaml, tree)) + "]"
    if isinstance(tree, str):
        return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\U{ord(c):08x}" for c in tree) + '"'
    return {None: "~", True: "true", False: "false"}.get(tree) or (f"{tree!r}".replace("inf", ".inf").replace("nan", ".nan"))

import importlib
import os
import pickle
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest

from linemill.pipeline.modules import ROOT_PREFIX

NAMES = ("core", "utils", "types", "main", "processors", "test", "json", "re", "linemill_free_name")


def first(pipeline):
    return pipeline.nodes[0].build()("x")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", ["{0}.py", "{0}/__init__.py", "{0}/{0}.py"])
def test_modules_may_have_names_that_python_has_as_well(project, name, layout):
    before = sys.modules.get(name)
    project.write(layout.format(name), "def f(line: str): return 'mine'\n")
    module = f"{name}.{name}" if layout.count("{0}") == 2 else name
    assert first(project.load(f"nodes: {{a: {{use: '{module}:f', to: drop}}}}\n")) == "mine"
    assert first(project.load(f"nodes: {{a: {{use: {module}.f, to: drop}}}}\n")) == "mine"
    assert sys.modules.get(name) is before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", ["{0}/__init__.py {0}/helpers.py", "{0}/helpers.py"])
@pytest.mark.parametrize(
    "statement",
    [
        "from {0}.helpers import x",
        "from {0} import helpers; x = helpers.x",
        "import {0}.helpers as h; x = h.x",
        "import {0}.helpers; x = {0}.helpers.x",
    ],
)
def test_absolute_imports_find_the_neighbors_first(project, name, layout, statement):
    for file in layout.format(name).split():
        project.write(file, "x = 'mine'\n")
    statement = statement.format(name)
    project.write("q.py", f"{statement}\ndef f(line: str): return x\n")
    project.write("r.py", f"def f(line: str):\n    {statement}\n    return x\n")
    assert first(project.node("q:f") and project.load()) == "mine"
    assert first(project.node("r:f") and project.load()) == "mine"


def test_relative_imports_work(project):
    project.write(
        "a/b/c.py", "from . import d\nfrom ..e import y\nfrom ... import top\ndef f(line: str): return d.x + y + top.z\n"
    )
    project.write("a/b/d.py", "x = '1'\n")
    project.write("a/e.py", "y = '2'\n")
    project.write("top.py", "z = '3'\n")
    assert first(project.load("nodes: {a: {use: a.b.c.f, to: drop}}\n")) == "123"


def test_a_folder_that_holds_no_such_module_does_not_hide_an_installed_one(project):
    project.write("json/data.json", "{}")
    project.write("linemill/notes.txt", "")
    project.write(
        "q.py",
        "import json\n"
        "from json import dumps\n"
        "from linemill.marks import line\n"
        "@line\n"
        "def f(x): return dumps(json.loads('[1]'))\n",
    )
    assert project.node("q:f").build()("x") == "[1]"
    assert project.node("linemill.processors:strip").build()(" a ") == "a"


def test_two_pipelines_do_not_see_each_others_modules(new_project):
    pipelines = []
    for name in ("one", "two"):
        project = new_project(name)
        project.write("utils.py", f"x = '{name}'\n")
        project.write(
            "q.py",
            "import utils\n"
            "state = []\n"
            "def f(line: str):\n"
            "    from utils import x\n"
            "    state.append(x)\n"
            "    return utils.x, x, len(state)\n",
        )
        project.node("q:f")
        pipelines.append(project.load())
    assert [first(pipeline) for pipeline in pipelines] == [("one", "one", 1), ("two", "two", 1)]
    other = new_project("three")
    other.write("q.py", "import utils\ndef f(line): ...\n")
    expected = "nodes.a.use: \"q\" cannot be imported: ModuleNotFoundError: No module named 'utils' (q.py, line 1)"
    assert other.refused_node("q:f") == f":2:12: {expected}"


def test_loading_again_gives_new_modules_with_the_code_as_it_is_now(project):
    results = []
    for number in range(3):
        path = project.write("q.py", f"def f(line: str): return {number}\n")
        os.utime(path, ns=(10**18, 10**18))
        results.append(project.node("q:f").build()("x"))
    assert results == [0, 1, 2]
    assert not list(project.folder.rglob("__pycache__"))


def test_a_module_that_was_missing_is_found_once_it_is_there(project):
    assert 'there is no module "q"' in project.refused_node("q:f")
    project.write("q.py", "def f(line: str): return 1\n")
    assert project.node("q:f").build()("x") == 1


def test_an_earlier_load_keeps_its_own_modules(project):
    project.write("utils.py", "x = 1\n")
    project.write("q.py", "def f(line: str):\n    import utils\n    return utils.x\n")
    project.node("q:f")
    earlier = project.load()
    assert first(earlier) == 1
    project.write("utils.py", "x = 2\n")
    assert first(project.load()) == 2
    assert first(earlier) == 1


def test_nothing_of_others_is_changed(project):
    project.write("types.py", "x = 1\n")
    project.write("core/deep.py", "x = 1\n")
    project.write("q.py", "import types, core.deep\ndef f(line: str): return types.x\n")
    path, meta_path, before = list(sys.path), len(sys.meta_path), set(sys.modules)
    project.node("q:f")
    assert sys.path == path
    assert len(sys.meta_path) <= meta_path + 1
    added = {name for name in set(sys.modules) - before if not name.startswith(ROOT_PREFIX)}
    assert not added & {"core", "core.deep", "q"}
    assert importlib.import_module("types") is types
    assert not hasattr(types, "x")
    assert str(project.folder) not in sys.path_importer_cache


def test_a_load_that_failed_leaves_no_modules(project):
    project.write("q.py", "x = 1\n")
    before = {name for name in sys.modules if name.startswith(ROOT_PREFIX)}
    assert '"q" has no "f"' in project.refused_node("q:f")
    assert {name for name in sys.modules if name.startswith(ROOT_PREFIX)} == before


def test_a_module_that_fails_is_run_once_a_load(project):
    project.write(
        "q.py", "import pathlib\nwith open(pathlib.Path(__file__).parent / 'runs', 'a') as f: f.write('x')\nraise ValueError\n"
    )
    message = project.refusal("nodes:\n  a: {use: 'q:f', to: b}\n  b: {use: 'q:g', to: drop}\n")
    assert len(message.splitlines()) == 2
    assert (project.folder / "runs").read_text() == "x"


def test_the_sources_are_the_users_modules_that_were_imported(project):
    project.write("a/__init__.py", "")
    project.write("a/text.py", "import helper, json\ndef f(line: str): ...\n")
    project.write("helper.py", "")
    project.write("unused.py", "")
    project.node("a.text:f")
    names = [str(path.relative_to(project.folder)) for path in project.load().sources]
    assert names == ["a/__init__.py", "a/text.py", "helper.py"]


def test_dataclasses_type_hints_and_pickling_work(project):
    project.write(
        "q.py",
        "from __future__ import annotations\n"
        "import typing, pickle\n"
        "from dataclasses import dataclass, field\n"
        "from enum import Enum\n"
        "class Color(Enum):\n    RED = 1\n@dataclass\nclass Point:\n    x: int\n    color: Color = Color.RED\n"
        "def f(line: str) -> Point: return pickle.loads(pickle.dumps(Point(1)))\n"
        "assert typing.get_type_hints(f)['return'] is Point\n",
    )
    point = project.node("q:f").build()("x")
    assert pickle.loads(pickle.dumps(point)) == point
    assert type(point).__module__.startswith(ROOT_PREFIX)


def test_several_threads_may_load_at_once(new_project):
    results = {}
    barrier = threading.Barrier(8)
    projects = [new_project(f"p{number}") for number in range(8)]

    def work(number):
        project = projects[number]
        project.write("utils.py", f"x = {number}\n")
        project.write("q.py", "from utils import x\ndef f(line: str): return x\n")
        barrier.wait(timeout=60)
        results[number] = [project.node("q:f").build()("x") for _ in range(5)]

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert results == {number: [number] * 5 for number in range(8)}


def test_a_pipeline_runs_from_its_own_folder_with_that_on_the_path(project):
    # `python -c` puts the current folder on sys.path: its modules must not be imported under their bare names as well.
    project.write("utils.py", "x = 1\n")
    project.write("types_of/shape.py", "import utils\ndef f(line: str): return utils.x\n")
    project.write("pipeline.yaml", "nodes: {a: {use: types_of.shape.f, to: drop}}\n")
    script = (
        "import sys, pathlib; from linemill.pipeline import load; p = load(pathlib.Path('pipeline.yaml'));"
        "print(p.nodes[0].build()('x'), 'utils' in sys.modules, 'types_of' in sys.modules)"
    )
    source = Path(__file__).resolve().parents[3] / "src"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1", "False", "False"]


def test_reading_imports_nothing_heavy_before_it_is_asked_to():
    heavy = ("ruamel.yaml", "difflib")
    script = f"import sys, linemill.pipeline; print([name for name in {heavy} if name in sys.modules])"
    source = Path(__file__).resolve().parents[3] / "src"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], env={"PYTHONPATH": str(source)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

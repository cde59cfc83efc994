import hashlib
import json
import sys

import pytest

from linemill.pipeline import forget, version_of

USES = "nodes:\n  a: {use: 'q:f', to: out}\noutputs: {out: 'out/{name}'}\n"


@pytest.fixture
def versioned(project):
    project.write("q.py", "from pack.helper import x\ndef f(line: str): return x + line\n")
    project.write("pack/__init__.py", "")
    project.write("pack/helper.py", "x = 'one'\n")
    project.write("unused.py", "")
    return project


def test_a_version_holds_the_file_and_every_module_that_was_imported(versioned):
    version = version_of(versioned.load(USES))
    assert version.text == USES
    assert version.sources == {
        "pack/__init__.py": "",
        "pack/helper.py": "x = 'one'\n",
        "q.py": "from pack.helper import x\ndef f(line: str): return x + line\n",
    }
    assert len(version.digest) == len(hashlib.sha256().hexdigest())


def test_the_same_files_are_the_same_version_wherever_they_lie(new_project):
    digests = set()
    for name in ("one", "two"):
        project = new_project(name)
        project.write("q.py", "def f(line: str): return line\n")
        digests.add(version_of(project.load(USES)).digest)
        digests.add(version_of(project.load()).digest)
    assert len(digests) == 1


def test_every_change_of_what_is_used_is_another_version(versioned):
    pipeline = versioned.load(USES)
    digests = [version_of(pipeline).digest]
    versioned.write("pack/helper.py", "x = 'two'\n")
    digests.append(version_of(pipeline).digest)
    versioned.write("pack/__init__.py", "#")
    digests.append(version_of(pipeline).digest)
    (versioned.folder / "pack/__init__.py").unlink()
    digests.append(version_of(pipeline).digest)
    digests.append(version_of(versioned.load(USES + "# a comment\n")).digest)
    assert len(set(digests)) == len(digests)


def test_what_is_not_used_changes_nothing(versioned):
    pipeline = versioned.load(USES)
    before = version_of(pipeline)
    versioned.write("unused.py", "import sys\n")
    versioned.write("inbox/a.log", "line\n")
    assert version_of(pipeline) == before == version_of(versioned.load())


def test_the_sources_are_read_as_they_are_now_and_the_file_as_it_was_loaded(versioned):
    pipeline = versioned.load(USES)
    versioned.write("pipeline.yaml", "nodes: {}\n")
    versioned.write("pack/helper.py", "x = 'two'\n")
    version = version_of(pipeline)
    assert version.text == USES
    assert version.sources["pack/helper.py"] == "x = 'two'\n"


def test_bytes_that_moved_from_one_module_to_the_next_are_another_version(versioned):
    pipeline = versioned.load(USES)
    versioned.write("pack/__init__.py", "a = 1\n")
    versioned.write("pack/helper.py", "x = 1\n")
    before = version_of(pipeline).digest
    versioned.write("pack/__init__.py", "a = 1\nx")
    versioned.write("pack/helper.py", " = 1\n")
    assert version_of(pipeline).digest != before


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'é'\n"),
        (b"x = '\xe9'\n", "x = '\\xe9'\n"),
        (b"# coding: nonsense\n", "# coding: nonsense\n"),
        (b"\x7fELF\0\0", ""),
    ],
)
def test_any_bytes_can_be_kept_as_text(versioned, content, text):
    pipeline = versioned.load(USES)
    versioned.write("pack/helper.py", content)
    version = version_of(pipeline)
    assert version.sources["pack/helper.py"] == text
    json.dumps(version.sources, ensure_ascii=False).encode()


def test_a_pipeline_that_is_forgotten_leaves_no_module_behind_and_no_other_one_is_touched(versioned):
    before = set(sys.modules)
    old, new = versioned.load(USES), versioned.load()
    forget(old)
    left = {name.partition(".")[0] for name in set(sys.modules) - before}
    assert left == {new.root}
    assert old.nodes[0].build()("x") == new.nodes[0].build()("x") == "onex"
    forget(new)
    assert set(sys.modules) == before

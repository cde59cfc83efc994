import hashlib
from pathlib import Path, PurePath

import pytest

from linemill.mill.targets import name_of, targets_of

DAY = "2025-03-01"


def test_the_name_of_an_input_is_its_last_part_and_never_a_step_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    names = {"a.log": "a.log", "x/a.log": "a.log", "../a.log": "a.log", ".": "folder", "..": tmp_path.name, "/": "root"}
    assert {path: name_of(Path(path)) for path in names} == names
    assert name_of(None) == "stdin"


@pytest.mark.parametrize(
    ("template", "name", "path"),
    [
        ("out/{name}", "a.log", "/base/out/a.log"),
        ("out/{stem}.txt", "a.tar.gz", "/base/out/a.tar.txt"),
        ("out/{stem}", ".hidden", "/base/out/.hidden"),
        ("{date}/{name}", "a.log", "/base/2025-03-01/a.log"),
        ("{name}/{name}", "a", "/base/a/a"),
        ("/elsewhere/{name}", "a", "/elsewhere/a"),
        ("../{name}", "a", "/a"),
        ("{name}", "{date}", "/base/{date}"),
        ("{stem}-{name}", "{name}.{stem}", "/base/{name}-{name}.{stem}"),
    ],
)
def test_a_template_is_filled_in_once(make_pipeline, template, name, path):
    pipeline = make_pipeline(text=f'nodes:\n  keep: {{use: "steps:keep", to: all}}\noutputs:\n  all: "{template}"\n')
    assert targets_of(pipeline, name, Path("/base"), DAY).outputs == {"all": Path(path)}


def test_dead_letters_have_a_name_that_fits(make_pipeline):
    pipeline = make_pipeline()
    digits = hashlib.sha256(b"n" * 255 + b".jsonl").hexdigest()[:8]
    names = {"n": "n.jsonl", "n" * 249: "n" * 249 + ".jsonl", "n" * 255: "n" * 240 + f"~{digits}.jsonl"}
    for name, dead in names.items():
        assert targets_of(pipeline, name, Path("/base"), DAY).dead == Path("/base/dead", dead)


@pytest.mark.parametrize("name", ["a", "a.b", "a.b.c", ".a", ".a.b", "a.", "a..", "é.x", "a..b", "a b.log"])
def test_a_stem_is_what_the_standard_library_says(make_pipeline, name):
    pipeline = make_pipeline(text="nodes: {keep: {use: 'steps:keep', to: all}}\noutputs: {all: 'out/{stem}'}\n")
    assert targets_of(pipeline, name, Path("/base"), DAY).outputs["all"].name == PurePath(name).stem

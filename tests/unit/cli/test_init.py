import os
import subprocess
import sys

import pytest

from linemill.cli.init import FILES


def test_a_new_project_has_all_its_files_and_the_next_command_is_shown(linemill, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = linemill("init", "my shop")
    assert said.code == 0
    made = {str(path.relative_to(tmp_path / "my shop")) for path in (tmp_path / "my shop").rglob("*") if path.is_file()}
    assert made == set(FILES)
    assert said.out.endswith("\nNext:\n  cd 'my shop' && linemill run sample.log\n")


def test_without_a_folder_it_is_the_current_one(linemill, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = linemill("init")
    assert (tmp_path / "pipeline.yaml").exists()
    assert said.out.endswith("\nNext:\n  linemill run sample.log\n")


def test_files_of_somebody_else_are_left_alone(linemill, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    assert linemill("init", str(tmp_path)).code == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_nothing_is_overwritten_and_everything_in_the_way_is_named(linemill, tmp_path):
    (tmp_path / "pipeline.yaml").write_text("mine")
    (tmp_path / "processors").write_text("a file where a folder has to be")
    (tmp_path / "README.md").symlink_to("nowhere")
    said = linemill("init", str(tmp_path))
    assert said.code == 2
    assert said.err == (
        f"linemill: these are in the way: pipeline.yaml, processors/privacy.py, README.md [{tmp_path}]; "
        "nothing was changed; name another folder\n"
    )
    assert {path.name for path in tmp_path.iterdir()} == {"pipeline.yaml", "processors", "README.md"}
    assert (tmp_path / "pipeline.yaml").read_text() == "mine"


def test_a_file_is_no_folder(linemill, tmp_path):
    (tmp_path / "file").touch()
    said = linemill("init", str(tmp_path / "file"))
    assert (said.code, said.err) == (2, f"linemill: this is a file, not a folder [{tmp_path}/file]; name another folder\n")


def test_a_folder_that_cannot_be_made_is_said_in_words(linemill, tmp_path):
    (tmp_path / "file").touch()
    said = linemill("init", str(tmp_path / "file" / "inside"))
    assert said.code == 1
    assert said.err.startswith("linemill: the project cannot be written: Not a directory [")


@pytest.mark.slow
def test_the_tests_of_a_new_project_pass(linemill, tmp_path):
    linemill("init", str(tmp_path))
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout

"""main.py: what `python main.py` makes of its arguments."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import main

ROOT = Path(main.__file__).parent


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["--input", "sample.txt"], ["run", "--", "sample.txt"]),
        (["--input=sample.txt"], ["run", "--", "sample.txt"]),
        (["--input", "a", "--input", "b"], ["run", "--", "a", "b"]),
        (["--input", "a", "-p", "p.yaml", "--json"], ["run", "-p", "p.yaml", "--json", "--", "a"]),
        (["--workers", "2", "--input", "a", "--strict"], ["run", "--workers", "2", "--strict", "--", "a"]),
        (["--input", "--json"], ["run", "--", "--json"]),
        (["--input", "-"], ["run", "--", "-"]),
        (["--watch"], ["watch"]),
        (["-p", "p.yaml", "--watch"], ["watch", "-p", "p.yaml"]),
        (["--watch", "--port", "0"], ["watch", "--port", "0"]),
        (["check", "-p", "p.yaml"], ["check", "-p", "p.yaml"]),
        ([], []),
    ],
)
def test_an_input_becomes_the_run_command_and_all_else_passes(given, wanted):
    assert main.arguments(given) == wanted


def test_an_input_without_a_file_is_refused():
    with pytest.raises(ValueError, match="--input needs a file"):
        main.arguments(["--input"])


def test_an_input_beside_the_inbox_is_refused():
    with pytest.raises(ValueError, match="--watch takes the files of the inbox"):
        main.arguments(["--watch", "--input", "a"])


def test_an_input_without_a_file_ends_with_the_code_for_usage():
    done = subprocess.run([sys.executable, ROOT / "main.py", "--input"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "--input needs a file: python main.py --input sample.txt\n"


def test_every_package_that_linemill_stands_on_is_looked_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {
        dependency.split(">")[0].replace("-", "_") for dependency in project["dependencies"] if "python_version" not in dependency
    }
    assert set(main.NEEDED) == names


def test_a_python_without_the_packages_says_what_sets_them_up(tmp_path):
    (tmp_path / "main.py").write_bytes((ROOT / "main.py").read_bytes())
    bare = [sys.executable, "-S", "-E", tmp_path / "main.py", "--input", "x"]
    done = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("linemill stands on packages that are not installed: alembic, fastapi, ")
    assert done.stderr.endswith("`make run` sets everything up.\n")

import json
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from ruamel.yaml import YAML

from linemill.errors import ConfigurationError
from linemill.pipeline import load

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = [
    *CHECKOUT.glob("*.md"),
    *sorted((CHECKOUT / "docs").rglob("*.md")),
    *sorted((CHECKOUT / "examples").glob("*/README.md")),
]

VARIES = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?|[\d.,]+ (?:ms|s|min|lines/s|[kMG]?B/s)(?![\w/])")
"""Times and rates, which are never twice the same."""

LONGEST_S = 60.0
"""How long a mill may take to work off what a page has given it."""


SLOW = (
    *("README.md", "docs/tutorial.md", "docs/how-to/cron-and-ci.md", "examples/inbox/README.md"),
    *("docs/how-to/watch-a-folder.md", "docs/how-to/operate.md", "docs/how-to/growing-outputs.md"),
    *("docs/how-to/access-logs.md", "docs/how-to/encodings.md", "docs/how-to/http-api.md", "docs/how-to/state.md"),
    *("examples/csv-to-json/README.md", "examples/stack-traces/README.md"),
)
"""Pages that start the program many times."""


PARAMETERS = [
    pytest.param(page, id=name, marks=[pytest.mark.slow] if name in SLOW else [])
    for page in PAGES
    for name in [str(page.relative_to(CHECKOUT))]
]


@pytest.mark.parametrize("page", PARAMETERS)
def test_a_page_does_what_it_says(page, tmp_path, blocks_of, shell):
    folder = tmp_path / "page"
    if page.parent.parent.name == "examples":
        shutil.copytree(page.parent, folder, ignore=shutil.ignore_patterns("out", "dead", "__pycache__"))
    else:
        folder.mkdir()
    blocks = blocks_of(page)
    for number, (words, text, line) in enumerate(blocks):
        where = f"{page.name}, line {line}"
        match words:
            case ["yaml"]:
                assert not _problems(folder, text), where
            case ["yaml", "refused"]:
                problems = _problems(folder, text)
                assert problems, where
                assert problems == blocks[number + 1].text.rstrip("\n"), where
            case ["yaml", "fragment"]:
                list(YAML(typ="safe", pure=True).parse(text))
            case ["sh"]:
                _succeed(text, folder, shell, where)
            case ["console"]:
                _hold_dialog(text, folder, shell, where)
            case ["sh", "watched"]:
                with _mill(folder, shell):
                    _succeed(text, folder, shell, where)
            case ["console", "watched"]:
                with _mill(folder, shell) as settle:
                    _hold_dialog(text, folder, shell, where, settle)
            case [_, name] if name.startswith(("out/", "dead/")):
                found = (folder / name).read_text(encoding="utf-8")
                assert (_without_traceback(found) if name.startswith("dead/") else found) == text, where
            case [language, name] if "/" in name or "." in name:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text, encoding="utf-8")
                if language == "yaml":
                    load(folder / name)
            case _:
                pass


@pytest.mark.slow
def test_the_other_two_commands_of_the_readme_do_what_it_says(checkout, tmp_path, shell):
    text = (checkout / "README.md").read_text(encoding="utf-8")
    assert "`python main.py --input sample.txt`" in text
    assert "\nmake run\n" in text
    recipe = re.search(r"^run:.*\n\t\$\(BIN\)/(linemill run .*)$", (checkout / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    for number, command in enumerate(("python main.py --input sample.txt", recipe[1])):
        out = tmp_path / str(number)
        said = subprocess.run([*shlex.split(command), "--out", out], cwd=checkout, env=shell, capture_output=True, text=True)
        assert (said.returncode, said.stderr) == (0, "")
        assert (out / "out/errors").is_dir()


def _problems(folder: Path, text: str) -> str:
    """Load a pipeline as it would be in this folder; give what is said against it."""
    path = folder / "pipeline.yaml"
    before = path.read_bytes() if path.exists() else None
    path.write_text(text, encoding="utf-8")
    try:
        load(path)
    except ConfigurationError as error:
        return str(error).replace(str(path), "pipeline.yaml")
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
    return ""


def _succeed(text: str, folder: Path, shell: dict[str, str], where: str) -> None:
    said = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=folder, env=shell, capture_output=True, text=True)
    assert said.returncode == 0, f"{where}: {said.stdout}{said.stderr}"


def _hold_dialog(text: str, folder: Path, shell: dict[str, str], where: str, settle: Callable[[], None] = lambda: None) -> None:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        said = _said(command, folder, shell)
        assert VARIES.sub("…", said) == VARIES.sub("…", expected), f"{where}: {command}"
        settle()


def _said(command: str, folder: Path, shell: dict[str, str]) -> str:
    bash = ["bash", "-c", command]
    return subprocess.run(bash, cwd=folder, env=shell, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


@contextmanager
def _mill(folder: Path, shell: dict[str, str]) -> Iterator[Callable[[], None]]:
    """Run the mill of a page; what is given waits until nothing is left that it could do."""
    with tempfile.TemporaryFile("w+") as told:
        mill = subprocess.Popen(["linemill", "watch", "--no-web"], cwd=folder, env=shell, stdout=told, stderr=told)

        def is_settled() -> bool:
            assert mill.poll() is None, _read(told)
            said = json.loads(_said("linemill files --json", folder, shell))
            states = [one["state"] for one in (*said["inbox"], *said["files"])]
            return "Watching " in _read(told) and not {"ready", "working", "committed"} & set(states)

        def settle() -> None:
            until = time.monotonic() + LONGEST_S
            while not is_settled():
                assert time.monotonic() < until, _read(told)

        try:
            settle()
            yield settle
            settle()
        finally:
            mill.terminate()
            assert mill.wait(LONGEST_S) == 0, _read(told)


def _read(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _without_traceback(letters: str) -> str:
    kept = [{key: value for key, value in json.loads(letter).items() if key != "traceback"} for letter in letters.splitlines()]
    return "".join(json.dumps(letter, ensure_ascii=False) + "\n" for letter in kept)

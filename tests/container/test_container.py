import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.container.boxes import NEEDED, Box, build, end

LONGEST_S = 30.0

PIPELINE = """
nodes:
  shout: {use: steps:shout, to: out}
outputs:
  out: out/{name}
"""

ASK = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=5)
headers = {"Host": "mill.example:8000", "Accept": "application/json"}
if sys.argv[2:]:
    headers["Authorization"] = f"Bearer {sys.argv[2]}"
connection.request("GET", sys.argv[1], headers=headers)
print(connection.getresponse().status)
"""


@pytest.fixture
def can_build() -> None:
    """Debian's packages that this takes; a run that counts has to have them."""
    missing = [package for command, package in NEEDED.items() if shutil.which(command) is None]
    why = "root builds and runs the image" if os.getuid() else f"apt-get install {' '.join(missing)}" if missing else None
    if why is not None:
        assert "LINEMILL_CI" not in os.environ, why
        pytest.skip(why)


@pytest.mark.slow
def test_a_file_goes_through_the_container_and_nobody_comes_in_without_a_token(can_build, tmp_path):
    """One test, since the image takes minutes to build and is as large as a system."""
    folder = tmp_path / "image"
    folder.mkdir()
    try:
        root, config = build(folder)
        assert config["User"] == "10001:10001"
        holds_only_what_runs(root)
        box = Box(root, config, make(tmp_path / "view"), make(tmp_path / "data"), config["User"])
        give_pipeline(box.data)
        give_to(box.data, 10001)
        says_how_to_make_a_token(box)
        token = makes_a_token(box)
        works_and_stops(box, token, "a.log")
        # Another user, whom the image does not know: whoever owns the folder of the host. The token is still the same.
        give_to(box.data, 54321)
        works_and_stops(Box(root, config, box.view, box.data, "54321:54321"), token, "b.log")
    finally:
        shutil.rmtree(folder)


def holds_only_what_runs(root: Path) -> None:
    packages = root / "opt/linemill/lib/python3.11/site-packages"
    names = {path.name for path in packages.iterdir()}
    assert {"linemill", "fastapi"} <= names
    assert not {"pip", "setuptools", "hatchling", "pytest", "mypy"} & names
    for path in (root / "opt/linemill").rglob("*"):
        facts = path.lstat()
        assert (facts.st_uid, facts.st_gid) == (0, 0), path
        assert path.is_symlink() or not facts.st_mode & 0o022, path
    assert (root / "data").stat().st_uid == 10001
    compiled = {path.name.partition(".")[0] for path in (packages / "linemill/web/__pycache__").iterdir()}
    assert {path.stem for path in (packages / "linemill/web").glob("*.py")} == compiled
    assert (packages / "linemill/web/pages/templates").is_dir()
    assert not (root / "source").exists()


def says_how_to_make_a_token(box: Box) -> None:
    said = box.run()
    assert said.returncode not in (0, None)
    assert "linemill token create" in said.stderr


def makes_a_token(box: Box) -> str:
    said = box.run("token", "create", "--role", "admin")
    assert said.returncode == 0, said.stderr
    (token,) = (word for word in said.stdout.split() if word.startswith("lm_"))
    return token


def works_and_stops(box: Box, token: str, name: str) -> None:
    process = box.start()
    try:
        kind, *check = box.config["Healthcheck"]["Test"]
        assert kind == "CMD"
        wait_for(lambda: box.enter(process, *check).stdout == "alive\n")
        assert ask(box, process, "/health") == "200"
        assert ask(box, process, "/stats") == "401"
        assert ask(box, process, "/stats", token) == "200"
        assert box.enter(process, "touch", "/opt/linemill/x").returncode != 0
        arrives(box.data / "inbox", name, "one\ntwo\n")
        wait_for((box.data / "out" / name).exists)
        assert (box.data / "out" / name).read_text() == "ONE\nTWO\n"
        assert f"{(box.data / 'out' / name).stat().st_uid}" == box.user.split(":")[0]
        wait_for((box.data / "processed" / name).exists)
        said = box.stop(process)
        assert process.returncode == 0, said
        assert "mill_stopped" in said
    finally:
        end(process)


def ask(box: Box, process, path: str, *token: str) -> str:
    said = box.enter(process, "python", "-I", "-c", ASK, path, *token)
    return said.stdout.strip() or said.stderr


def arrives(inbox: Path, name: str, text: str) -> None:
    """Another user than that of the container brings a file."""
    (inbox.parent / name).write_text(text)
    (inbox.parent / name).rename(inbox / name)


def give_pipeline(folder: Path) -> None:
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "steps.py").write_text("def shout(line: str) -> str:\n    return line.upper()\n")


def give_to(folder: Path, user: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user)


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


def wait_for(holds: Callable[[], object]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + LONGEST_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
USED = ("sh", "awk", "cat", "dirname", "grep", "id", "ls", "sed")
ENGINE = """#!/bin/sh
[ "$1" = info ] && exit {works}
for word; do printf '[%s]' "$word"; done >>"{log}"
echo >>"{log}"
case "$*" in *"token list"*) printf '%s\\n' '{tokens}' ;; *"token create"*) echo lm_secret ;; esac
"""
NONE = '{"tokens":[]}'
REVOKED = '{"tokens":[{"id":1,"is_valid":false}]}'
VALID = '{"tokens": [{"id": 1, "is_valid": false}, {"id": 2, "is_valid": true}]}'


class Machine:
    """A machine that has these engines and the ordinary commands, and notes what the engines are told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "bin"
        self._log = folder / "log"
        self._folder.mkdir()
        for name in USED:
            found = shutil.which(name)
            assert found is not None
            (self._folder / name).symlink_to(found)

    def has(self, engine: str, *, works: bool = True, tokens: str = NONE) -> None:
        program = self._folder / engine
        program.write_text(ENGINE.format(works=int(not works), log=self._log, tokens=tokens))
        program.chmod(0o755)

    def does(self, script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [CHECKOUT / "container" / script, *arguments]
        return subprocess.run(command, env={"PATH": str(self._folder)}, capture_output=True, text=True)

    @property
    def told(self) -> list[list[str]]:
        return [line[1:-1].split("][") for line in self._log.read_text().splitlines()] if self._log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a pipeline and a catalog that does not belong to root."""
    folder = tmp_path / "my mill's"
    folder.mkdir()
    (folder / "pipeline.yaml").touch()
    (folder / ".linemill").mkdir()
    (folder / ".linemill/catalog.db").touch()
    if os.getuid() == 0:
        os.chown(folder, 1234, 1235)
    return folder


def owner_of(folder: Path) -> str:
    return f"{folder.stat().st_uid}:{folder.stat().st_gid}"


@pytest.mark.parametrize(
    ("engine", "words"), [("docker", []), ("podman", ["--format", "docker"]), ("buildah", ["--format", "docker"])]
)
def test_each_engine_builds_an_image_that_can_be_asked_for_its_health(machine, engine, words):
    machine.has(engine)
    assert machine.does("build.sh", "--build-arg", "BASE=x").returncode == 0
    (told,) = machine.told
    assert told[:3] == ["build", "--tag", "linemill"]
    assert told[-(3 + len(words)) :] == [*words, "--build-arg", "BASE=x", "."]


def test_an_engine_that_does_not_work_is_passed_over(machine):
    machine.has("docker", works=False)
    machine.has("buildah")
    assert machine.does("build.sh").returncode == 0
    assert "docker" in machine.told[0]  # the format, which docker itself is not asked for


@pytest.mark.parametrize("script", ["build.sh", "run.sh"])
def test_without_an_engine_it_says_what_to_install(machine, script, folder):
    said = machine.does(script, *([folder] if script == "run.sh" else []))
    assert said.returncode == 1
    assert said.stderr.startswith("There is no container engine here. Install one of: docker podman")
    machine.has("docker", works=False)
    said = machine.does(script, *([folder] if script == "run.sh" else []))
    assert said.returncode == 1
    assert "docker is installed, but `docker info` fails" in said.stderr


def test_buildah_alone_runs_nothing(machine, folder):
    machine.has("buildah")
    assert machine.does("run.sh", folder).returncode == 1
    assert machine.told == []


@pytest.mark.parametrize("tokens", [NONE, REVOKED])
def test_the_first_token_is_made_and_shown(machine, folder, tokens):
    machine.has("docker", tokens=tokens)
    said = machine.does("run.sh", folder)
    assert (said.returncode, said.stdout) == (0, "lm_secret\n")
    assert "only this once" in said.stderr
    assert [" ".join(told).rpartition(" linemill")[2] for told in machine.told] == [
        " token list --json",
        " token create --role admin",
        "",
    ]


def test_before_the_first_start_no_tokens_are_asked_for(machine, folder):
    (folder / ".linemill/catalog.db").unlink()
    machine.has("docker", tokens="there is no catalog yet")
    said = machine.does("run.sh", folder)
    assert (said.returncode, said.stdout) == (0, "lm_secret\n")
    assert [" ".join(told).rpartition(" linemill")[2] for told in machine.told] == [" token create --role admin", ""]


def test_where_there_is_a_token_no_other_is_made(machine, folder):
    machine.has("docker", tokens=VALID)
    said = machine.does("run.sh", folder)
    assert (said.returncode, said.stdout) == (0, "")
    assert len(machine.told) == 2


def test_the_mill_works_as_the_owner_of_the_folder_with_no_rights_of_its_own(machine, folder):
    machine.has("docker", tokens=VALID)
    machine.does("run.sh", folder)
    for told in machine.told:
        text = " ".join(told)
        assert f"--user {owner_of(folder)} --volume {folder}:/data:z --read-only --tmpfs /tmp --cap-drop ALL" in text
        assert "--pull never" in text
    assert "--publish 127.0.0.1:8000:8000" in " ".join(machine.told[-1])


def test_if_the_tokens_cannot_be_listed_nothing_is_made_or_started(machine, folder):
    machine.has("docker")
    program = machine._folder / "docker"
    program.write_text(program.read_text().replace("case ", 'case "$*" in *"token list"*) exit 125 ;; esac\ncase '))
    assert machine.does("run.sh", folder).returncode == 125
    assert len(machine.told) == 1


@pytest.mark.parametrize(("name", "hint"), [("empty", "There is no pipeline.yaml in "), ("a:b", "has a colon in it")])
def test_a_folder_that_cannot_be_worked_in_is_refused(machine, tmp_path, name, hint):
    machine.has("docker")
    folder = tmp_path / name
    folder.mkdir()
    if name != "empty":
        (folder / "pipeline.yaml").touch()
    said = machine.does("run.sh", folder)
    assert said.returncode == 1
    assert hint in said.stderr
    assert str(folder) in said.stderr
    assert machine.told == []


def test_the_mill_is_never_root(machine, folder):
    machine.has("docker")
    listing = machine._folder / "ls"
    listing.unlink()
    listing.write_text("#!/bin/sh\necho 'drwxr-xr-x 2 0 0 4096 Jan 1 00:00 x'\n")
    listing.chmod(0o755)
    said = machine.does("run.sh", folder)
    assert said.returncode == 1
    assert "belongs to root" in said.stderr
    assert "chown -R 10001:10001" in said.stderr
    assert machine.told == []

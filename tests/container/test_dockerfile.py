import fnmatch
import re
import tomllib
from pathlib import Path

import pytest

from tests.container.reading import Stage, read

CHECKOUT = Path(__file__).resolve().parents[2]
ARGUMENTS, STAGES = read((CHECKOUT / "Dockerfile").read_text())
IMAGE = STAGES[-1]


def pins(name: str) -> dict[str, str]:
    """What a lock file pins: for each name its version and hashes, as written."""
    text = (CHECKOUT / name).read_text()
    return {match[1]: match[2] for match in re.finditer(r"^([a-z0-9-]+)==(.*(?:\n    .*)*)", text, re.MULTILINE)}


def test_the_base_is_slim_of_a_named_version_and_can_be_another():
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+-slim-[a-z]+", ARGUMENTS["BASE"])
    assert [stage.base for stage in STAGES] == ["${BASE}"] * len(STAGES)


def test_the_user_is_not_root_and_has_a_number():
    assert IMAGE.last("USER").rest == "10001:10001"
    words = [instruction.word for instruction in IMAGE.instructions]
    assert not {"RUN", "COPY"} & set(words[words.index("USER") :]), "what is done to the image is done before"


def test_what_is_started_gets_its_signals():
    assert IMAGE.last("ENTRYPOINT").arguments == ["linemill"]
    assert IMAGE.last("CMD").arguments == ["watch", "--host", "0.0.0.0", "--port", "8000"]
    assert IMAGE.last("STOPSIGNAL").rest == "SIGTERM"
    assert IMAGE.last("EXPOSE").rest == "8000"


def test_health_is_asked_without_a_shell_and_within_its_time():
    check = IMAGE.last("HEALTHCHECK")
    assert set(check.flags) == {"interval", "timeout", "start-period", "retries"}
    word, command = check.rest.split(maxsplit=1)
    assert (word, command[0]) == ("CMD", "[")
    (limit,) = re.findall(r"^TIMEOUT_S = ([\d.]+)$", (CHECKOUT / "container/healthy.py").read_text(), re.MULTILINE)
    assert float(limit) < float(check.flags["timeout"].removesuffix("s"))


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name or "image")
def test_a_stage_keeps_to_the_rules(stage: Stage):
    assert not stage.all("ADD"), "COPY says what it does"
    assert not stage.all("VOLUME"), "an image that is made from this one could not put its pipeline there"
    assert not stage.all("MAINTAINER")
    for place in stage.all("WORKDIR"):
        assert place.rest.startswith("/")
    for run in stage.all("RUN"):
        words = run.arguments or run.rest.split()
        assert not {"sudo", "curl", "wget", "apt-get", "apt", "cd"} & set(words), run.rest
        assert not {";", "|"} & set(run.rest), "a failure in the middle would go unseen"
        assert "http" not in run.rest, "the place of packages is the builder's to say"
        if "pip" in run.rest and "install" in words:
            assert "--no-cache-dir" in words
            assert "--require-hashes" in words or {"--no-deps", "--no-index"} <= set(words), run.rest
    before: set[str] = {other.name for other in STAGES[: STAGES.index(stage)] if other.name}
    for copy in stage.all("COPY"):
        assert copy.flags.get("from", "") in before | {""}


def test_the_image_gets_nothing_from_the_checkout_itself():
    assert all("from" in copy.flags for copy in IMAGE.all("COPY"))


def test_what_is_copied_is_there_and_not_ignored():
    lines = [line for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*", "what is not named stays out: catalogs, tokens, outputs, the history"
    shown = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        source for stage in STAGES for copy in stage.all("COPY") if "from" not in copy.flags for source in copy.rest.split()[:-1]
    }
    for source in copied:
        assert (CHECKOUT / source).exists()
    assert {source.split("/")[0] for source in copied} == shown


def test_no_secret_can_come_along():
    lines = (CHECKOUT / ".dockerignore").read_text().splitlines()
    hidden = [line for line in lines if line.startswith("**/")]
    assert any(fnmatch.fnmatch("src/linemill/__pycache__", pattern) for pattern in hidden)
    text = (CHECKOUT / "Dockerfile").read_text()
    assert not re.search(r"(?i)password|secret|token\b", text)


@pytest.mark.parametrize("name", ["container/run.lock", "container/build.lock"])
def test_the_image_is_made_of_what_was_tested(name):
    tested = pins("requirements.lock")
    assert pins(name)
    assert pins(name).items() <= tested.items(), "run `make lock`"
    assert "://" not in (CHECKOUT / name).read_text()


def test_the_locks_have_all_that_is_needed_and_nothing_of_development():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    needed, of_development = (
        {re.split(r"[^a-z0-9-]", re.sub(r"[._]", "-", one))[0] for one in requirements}
        for requirements in (project["project"]["dependencies"], project["project"]["optional-dependencies"]["dev"])
    )
    run = set(pins("container/run.lock"))
    assert needed <= run, "run `make lock`"
    assert not of_development & run
    assert set(project["build-system"]["requires"]) <= set(pins("container/build.lock"))

"""Every real file through the real program in one run: each line arrives, unchanged, where it should."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytestmark = pytest.mark.slow

PIPELINE = r"""
nodes:
  all:
    use: steps:same
    to: [everything, level, upper]
  level:
    use: linemill.processors:tag_by_pattern
    with: {error: '(?i)error', warn: '(?i)warn'}
    to: {error: errors, warn: warnings, "*": general}
  upper:
    use: steps:upper
    to: shouted
outputs:
  everything: out/everything/{name}
  errors: out/errors/{name}
  warnings: out/warnings/{name}
  general: out/general/{name}
  shouted: out/shouted/{name}
"""

STEPS = """\
import string

LARGE = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)

def same(line: str) -> str:
    return line

def upper(line: str) -> str:
    return line.translate(LARGE)
"""

MARK = b"\xef\xbb\xbf"
"""The facts count a byte-order mark to the first line; here it says what the file is encoded in, and is gone."""


class Outcome(NamedTuple):
    folder: Path
    document: dict[str, Any]

    def output(self, output: str, name: str) -> bytes:
        return (self.folder / "out" / output / Path(name).name).read_bytes()


@pytest.fixture(params=["1", pytest.param("2", marks=pytest.mark.slow)])
def outcome(
    request: pytest.FixtureRequest, tmp_path: Path, shared_data: Path, shared_facts: dict[str, Any], linemill: Callable[..., Any]
) -> Outcome:
    """What one run over all the files came to, with one worker and with two."""
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    (tmp_path / "steps.py").write_text(STEPS)
    said = linemill("run", "--json", "--workers", request.param, *(shared_data / name for name in shared_facts))
    assert (said.returncode, said.stderr) == (0, "")
    return Outcome(tmp_path, json.loads(said.stdout))


def test_every_real_file_arrives_line_by_line_and_routed_as_its_facts_say(outcome, shared_data, shared_facts):
    plain = {facts["lines_sha256"]: facts for facts in shared_facts.values() if "inner" not in facts}
    reports = {report["path"]: report for report in outcome.document["files"]}
    assert outcome.document["totals"]["files"] == len(shared_facts)
    for name, facts in shared_facts.items():
        said = facts.get("inner", facts)
        report = reports[str(shared_data / name)]
        everything = outcome.output("everything", name)
        assert (report["state"], report["dead"], report["bytes"]) == ("done", 0, facts["bytes"]), name
        assert report["lines"] == everything.count(b"\n") == report["outputs"]["everything"]["lines"], name
        if "decoded" in said:
            # Its facts are about the bytes; what the lines are is known where the same text is there in UTF-8, too.
            assert report["lines"] == said["decoded"]["lines"], name
            assert _digest(everything) == said["decoded"]["utf8_sha256"], name
            said = plain.get(said["decoded"]["utf8_sha256"])
            if said is None:
                continue
        mark = MARK if said["encoding"] == "utf-8 with BOM" else b""
        assert report["lines"] == said["lines"], name
        assert _digest(mark + everything) == said["lines_sha256"], name
        assert _digest(mark + outcome.output("shouted", name)) == said["ascii_upper_sha256"], name
        routed = {"error": "errors", "warn": "warnings", "general": "general"}
        for tag, output in routed.items():
            assert outcome.output(output, name).count(b"\n") == said["routed"][tag], name
        together = [line for output in routed.values() for line in outcome.output(output, name).split(b"\n")[:-1]]
        assert sorted(together) == sorted(everything.split(b"\n")[:-1]), name


def test_nothing_is_left_beside_the_outputs_of_the_real_files(outcome, shared_facts):
    found = {path.relative_to(outcome.folder / "out") for path in outcome.folder.glob("out/**/*") if path.is_file()}
    outputs = ("everything", "errors", "warnings", "general", "shouted")
    assert found == {Path(output) / Path(name).name for output in outputs for name in shared_facts}
    assert not list(outcome.folder.glob("dead/*"))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

import os
import subprocess
import sys
from pathlib import Path

import pytest

from linemill.catalog.records import FileState
from linemill.files.hidden import hidden_beside
from linemill.mill.recovery import recover

SOURCE = Path(__file__).resolve().parents[3] / "src"
NOW = 2_000.0

DEAD_MILL = """
import sys
from pathlib import Path
from linemill.catalog import Catalog
from linemill.catalog.records import *
from linemill.engine import Ledger
from linemill.files.hidden import hidden_beside

base = Path(sys.argv[1])
catalog = Catalog.open(base / ".linemill", "watch")
version_id = catalog.version("", {}, 1.0)
arrived = []
for name in ("committed", "working", "unmoved"):
    found = (base / "inbox" / name).stat()
    arrived.append(Arrived(base / "inbox" / name, name, found.st_size, found.st_mtime_ns, 1.0))
claims = catalog.claim(arrived, origin=Origin.INBOX, version_id=version_id, day="2025-03-01", now=1.0,
    place_in=base / "processing", is_taken=lambda name: False)
for claim in claims[:2]:
    claim.found.rename(claim.place)
catalog.stages_in([base / "out", base / "gone"])
for claim in claims:
    hidden_beside(base / "out" / claim.name, catalog.tag, claim.attempt_id, 0).write_bytes(b"a\\n")
staged = hidden_beside(base / "out" / "committed", catalog.tag, claims[0].attempt_id, 0)
output = StagedOutput("all", How.WHOLE, base / "out" / "committed", staged, 2, 1, ((2, "0" * 16),))
catalog.commit([Commit(claims[0], Ledger(), (output,), (), 2, 1.0, base / "processed" / "committed")], 2.0)
print(catalog.tag, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def killed(yard, tmp_path):
    """A mill that was killed: with one file committed, one being worked, and one that it had not moved yet."""
    for folder in ("inbox", "processing", "processed", "out"):
        (tmp_path / folder).mkdir()
    for name in ("committed", "working", "unmoved"):
        (tmp_path / "inbox" / name).write_bytes(b"a\n")
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", DEAD_MILL, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as mill:
        assert mill.stdout is not None
        assert mill.stdout.readline().strip().decode() == yard.catalog.tag
        mill.kill()
    return tmp_path


def test_what_was_committed_is_to_be_published_and_what_was_worked_is_ready_again(yard, killed):
    recovered = recover(yard.catalog, NOW)
    assert [redo.name for redo in recovered.redos] == ["committed"]
    assert [claim.name for claim in recovered.taken_back] == ["working"]
    assert recovered.removed == 2
    assert yard.catalog.whose(killed / "processing/working")[0] is FileState.READY
    (staged,) = (killed / "out").iterdir()
    assert recovered.redos[0].outputs[0].output.staged == staged


@pytest.mark.parametrize("what", ["unmoved", "exchanged", "gone"])
def test_a_file_that_was_never_moved_is_forgotten_whatever_has_its_name_now(yard, killed, what):
    if what != "unmoved":
        (killed / "inbox/unmoved").unlink()
    if what == "exchanged":
        (killed / "inbox/unmoved").write_bytes(b"another one\n")
    assert [claim.name for claim in recover(yard.catalog, NOW).taken_back] == ["working"]
    assert yard.catalog.whose(killed / "processing/unmoved") == (None, None)
    assert (killed / "inbox/unmoved").exists() == (what != "gone")


def test_folders_that_are_gone_are_not_looked_into_any_more(yard, killed):
    assert killed / "gone" in yard.catalog.staging_folders()
    recover(yard.catalog, NOW)
    assert yard.catalog.staging_folders() == [killed / "out"]


def test_what_the_living_have_in_hand_is_left_to_them(yard, make_pipeline):
    pipeline = make_pipeline()
    (claim,) = yard.arrived(pipeline, a=b"a\n")
    staged = hidden_beside(yard.base / "out/a", yard.catalog.tag, claim.attempt_id, 0)
    staged.parent.mkdir()
    staged.touch()
    yard.catalog.stages_in([staged.parent])
    recovered = recover(yard.catalog, NOW)
    assert (recovered.redos, recovered.taken_back, recovered.removed) == ([], [], 0)
    assert staged.exists()


def test_recovering_again_finds_the_same_to_publish_and_nothing_else(yard, killed):
    first, second = recover(yard.catalog, NOW), recover(yard.catalog, NOW)
    assert second.redos == first.redos
    assert (second.taken_back, second.removed) == ([], 0)

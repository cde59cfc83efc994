from __future__ import annotations

import os
import subprocess
import sys
from threading import Thread

from linemill.catalog import Catalog, owners
from linemill.catalog.records import FileState, Kind, Origin, Owner, Wish

WORKER = """
import sys
from pathlib import Path
from linemill.catalog import Catalog
from linemill.catalog.records import *
from linemill.engine import Ledger

base = Path(sys.argv[1])
catalog = Catalog.open(base / ".linemill", "watch")
version_id = catalog.version("nodes: {}", {"a.py": "def a(line): ..."}, 1.0)
options = {"version_id": version_id, "day": "2026-07-28", "now": 1.0, "place_in": base / "processing"}
names = ["committed", "published", "working", "with spans"]
arrived = [Arrived(base / "inbox" / name, name, 10, 1, 1.0) for name in names]
claims = catalog.claim(arrived, origin=Origin.INBOX, is_taken=lambda name: False, **options)
catalog.claim([Arrived(base / "given", "given", 10, 1, 1.0)], origin=Origin.GIVEN, is_taken=lambda name: False, **options)
outputs = [StagedOutput("out", How.WHOLE, base / claim.name, base / f".{claim.name}", 0, 0, ()) for claim in claims]
redos = catalog.commit([Commit(claim, Ledger(), (output,), (), 1, 1.0) for claim, output in zip(claims[:2], outputs)], 2.0)
catalog.published(redos[1:], 3.0)
catalog.checkpoint(claims[3], [SpanDone(0, 0, 5, Ledger(), {}, {})])
print(catalog.owner_id, flush=True)
sys.stdin.read()
"""


def _killed(yard) -> str:
    """Let a process do some of everything, and kill it; give who it was."""
    arguments = [sys.executable, "-c", WORKER, str(yard.base)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        owner_id = worker.stdout.readline().strip()
        worker.kill()
    return owner_id


def test_an_owner_is_known_for_as_long_as_it_is_open(yard):
    first = yard.open("watch")
    second = yard.open("retry")
    (one, two) = first.owners()
    assert one == Owner(first.owner_id, os.getpid(), one.host, "watch", one.began_at)
    assert (two.id, two.what) == (second.owner_id, "retry")
    second.close()
    second.close()
    assert [owner.id for owner in first.owners()] == [first.owner_id]
    assert [path.name for path in yard.folder.glob("owner-*")] == [f"owner-{first.owner_id}.lock"]


def test_an_owner_that_leaves_something_unfinished_is_found_dead(yard):
    first, second = yard.open(), yard.open()
    (claim,) = yard.claim(first, "a.txt")
    first.close()
    assert [owner.id for owner in second.owners()] == [second.owner_id]
    assert [taken.attempt_id for taken in second.take_over(5.0).working] == [claim.attempt_id]
    assert [path.name for path in yard.folder.glob("owner-*")] == [f"owner-{second.owner_id}.lock"]


def test_what_the_living_work_on_is_left_to_them(yard):
    first, second = yard.open(), yard.open()
    (working, committed) = yard.claim(first, "a", "b")
    first.commit([yard.commit(committed)], 2.0)
    taken = second.take_over(5.0)
    assert (taken.redos, taken.working) == ([], [])
    assert len(first.redo()) == 1
    assert second.redo() == []
    assert first.must_stay([working.attempt_id]) == second.must_stay([working.attempt_id]) == {working.attempt_id}


def test_what_a_killed_process_left_is_taken_over(yard):
    dead = _killed(yard)
    catalog = yard.open()
    taken = catalog.take_over(9.0)
    assert [redo.name for redo in taken.redos] == ["committed"]
    assert taken.redos == catalog.redo()
    assert {(claim.name, claim.origin) for claim in taken.working} == {
        ("working", Origin.INBOX),
        ("with spans", Origin.INBOX),
        ("given", Origin.GIVEN),
    }
    assert yard.rows("select name, state, code from file order by id") == [
        ("committed", "committed", None),
        ("published", "done", None),
        ("working", "ready", None),
        ("with spans", "ready", None),
        ("given", "failed", "interrupted"),
    ]
    assert [owner.id for owner in catalog.owners()] == [catalog.owner_id]
    assert not (yard.folder / f"owner-{dead}.lock").exists()
    by_name = {claim.name: claim.attempt_id for claim in taken.working} | {taken.redos[0].name: taken.redos[0].attempt_id}
    assert catalog.must_stay([*by_name.values(), 999]) == {by_name["committed"], by_name["with spans"]}
    again = {claim.name: claim for claim in yard.take(catalog, 9.0)}
    assert {name: claim.kind for name, claim in again.items()} == {"working": Kind.FIRST, "with spans": Kind.FIRST}
    assert again["with spans"].attempt_id == by_name["with spans"]
    assert len(again["with spans"].spans) == 1
    catalog.published(taken.redos, 10.0)
    assert catalog.take_over(11.0).redos == []


def test_what_is_ours_and_committed_is_to_be_published_after_a_take_over(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.commit([yard.commit(claim)], 2.0)
    assert [redo.attempt_id for redo in catalog.take_over(3.0).redos] == [claim.attempt_id]


def test_a_file_that_was_named_and_interrupted_goes_on_where_it_was(yard):
    first = yard.open()
    (claim,) = yard.given(first, *yard.arrived("a"))
    first.checkpoint(claim, [yard.span(0)])
    first.close()
    second = yard.open()
    second.take_over(5.0)
    assert second.must_stay([claim.attempt_id]) == {claim.attempt_id}
    (again,) = yard.given(second, *yard.arrived("a"))
    assert (again.attempt_id, len(again.spans)) == (claim.attempt_id, 1)


def test_staged_files_of_an_attempt_that_another_followed_need_not_stay(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.checkpoint(claim, [yard.span(0)])
    catalog.set_back([claim], 5.0)
    catalog.wish([claim.file_id], Wish(Kind.REPROCESS, "somebody"), 6.0)
    assert catalog.must_stay([claim.attempt_id]) == {claim.attempt_id}
    yard.take(catalog)
    assert catalog.must_stay([claim.attempt_id]) == set()


def test_lock_files_of_nobody_are_removed(yard, catalog):
    (yard.folder / "owner-0123456789abcdef.lock").touch()
    (yard.folder / "owner.lock").touch()
    catalog.take_over(5.0)
    assert {path.name for path in yard.folder.glob("owner*")} == {f"owner-{catalog.owner_id}.lock", "owner.lock"}


def test_two_names_of_locks_are_never_the_same(yard, monkeypatch):
    first = yard.open()
    tokens = iter([first.owner_id, "f" * 16])
    monkeypatch.setattr("secrets.token_hex", lambda size: next(tokens))
    lock = owners.Lock(yard.folder)
    assert lock.owner_id == "f" * 16
    lock.close(remove=True)
    assert [owner.id for owner in first.owners()] == [first.owner_id]


def test_a_file_of_the_dead_is_in_the_state_that_people_see(yard, catalog):
    other = yard.open()
    (claim,) = yard.claim(other, "a.txt")
    other.close()
    catalog.take_over(5.0)
    assert claim.place is not None
    assert catalog.whose(claim.place) == (FileState.READY, claim.place)


def test_no_file_is_taken_by_two(yard, catalog):
    names = [f"f{number}" for number in range(200)]
    catalog.set_back(yard.claim(catalog, *names), 1.0)
    takers = [catalog, yard.open(), yard.open()]
    taken: list[str] = []

    def take(mine: Catalog) -> None:
        while claims := yard.take(mine, limit=7):
            taken.extend(claim.name for claim in claims)

    threads = [Thread(target=take, args=(taker,)) for taker in takers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(names)

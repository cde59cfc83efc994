from collections.abc import Callable
from pathlib import Path

import pytest

from linemill.catalog import Catalog
from linemill.catalog.history import History
from linemill.catalog.records import FileState, Owner
from linemill.errors import UsageError
from linemill.mill.arrival import Seen
from linemill.mill.control import Paused
from linemill.mill.explaining import MillState, explained, explained_seen, listed, mill_state

ALIVE = Owner("0" * 16, 42, "here", "watch", 0.0)
RUNS = MillState(mill=ALIVE, living=(ALIVE,))


@pytest.fixture
def words(history: History) -> Callable[..., tuple[str, str]]:
    """Why a file is where it is, and what comes then."""

    def say(file_id: int, mill: MillState = RUNS) -> tuple[str, str]:
        row = history.file(file_id)
        assert row is not None
        found = explained(history, row, mill)
        return found.why, found.then

    return say


def test_a_file_in_hand_is_explained_by_who_has_it(records, words):
    working, committed = records.file(state="working"), records.file(state="committed")
    records.attempt(working, state="working")
    records.attempt(committed, state="committed")
    whose = "by process 42 on here (linemill watch)"
    assert words(working) == (f"it is being worked on, {whose}", "it goes on by itself")
    assert words(committed)[0] == f"its outputs are complete and are being published, {whose}"
    blocked = MillState(mill=ALIVE, living=(ALIVE,), blocked="out/grown: bytes of others")
    assert words(committed, blocked)[1] == "it goes on by itself; it waits: out/grown: bytes of others"
    assert words(working, MillState()) == (
        "it is being worked on, by a process that is dead",
        "the next `linemill watch` or `linemill run` takes it over",
    )
    assert words(committed, MillState())[1] == "the next `linemill watch` or `linemill run` publishes them"


def test_a_file_at_its_end_is_explained_by_its_reason_and_the_way_out(records, words):
    done = records.file(lines=5, dead=2)
    assert words(done) == (
        "its outputs are published",
        "nothing; `linemill reprocess` does it anew; `linemill redrive` takes its 2 dead letters again",
    )
    assert words(records.file("b", lines=5, dead=1))[1].endswith("; `linemill redrive` takes its dead letter again")
    failed = records.file(state="failed", code="corrupt", reason="the archive is damaged")
    assert words(failed) == ("the archive is damaged (corrupt)", "nothing, until `linemill retry` tries it again")


def test_a_file_that_waits_is_explained_by_what_it_waits_for(records, history, words):
    again = records.file("a", "ready", tries=2, code="world", reason="no space", next_try_at=9.0)
    records.attempt(again, state="failed")
    back = records.file("b", "ready")
    records.attempt(back, state="taken_back")
    wished = records.file("c", "ready", wish='{"kind": "retry", "who": "me", "append_again": false, "node": null, "code": null}')
    assert words(again) == ("try 2 failed: no space (world)", "it is begun by itself")
    row = history.file(again)
    assert row is not None
    assert explained(history, row, RUNS).then_at == 9.0
    assert words(back)[0] == "it was put back when linemill stopped"
    assert words(wished)[0] == "me asked for it: to be tried again"


@pytest.mark.parametrize(
    ("mill", "then"),
    [
        (MillState(), "nothing: no mill runs; `linemill watch` starts one"),
        (
            MillState(mill=ALIVE, paused=Paused("you", "backup", 0.0)),
            "nothing, until `linemill resume`: you paused the mill: backup",
        ),
        (MillState(mill=ALIVE, blocked="little room"), "it is begun when the mill can go on: little room"),
        (RUNS, "it is begun by itself"),
    ],
)
def test_what_keeps_the_mill_keeps_a_file_in_the_inbox(mill, then):
    found = explained_seen(Seen(Path("/in"), "a", FileState.WAITING, "being written", next_look_at=7.0), mill)
    assert (found.why, found.then, found.then_at) == ("being written", then, 7.0)


def test_a_file_that_is_ignored_stays_where_it_is():
    found = explained_seen(Seen(Path("/in"), ".a", FileState.IGNORED, "its name begins with a dot"), RUNS)
    assert (found.state, found.why, found.then) == (
        FileState.IGNORED,
        "its name begins with a dot",
        "nothing: linemill leaves it alone",
    )


def test_only_what_stands_of_a_file_is_shown_but_all_its_attempts(records, history):
    file_id = records.file()
    first = records.attempt(file_id)
    second = records.attempt(file_id, number=2, kind="reprocess")
    records.output(first, Path("/out/a"), b"", replaced_by=second)
    records.output(second, Path("/out/a"), b"")
    row = history.file(file_id)
    assert row is not None
    found = explained(history, row, RUNS)
    assert [attempt.id for attempt in found.attempts] == [first, second]
    assert [output.attempt_id for output in found.outputs] == [second]


def test_a_list_begins_with_what_is_only_in_the_inbox(records, history):
    for number in range(3):
        records.file(f"{number}.log", since=float(number))
    seen = [
        Seen(Path("/in"), "new.log", FileState.READY, ""),
        Seen(Path("/in"), ".x", FileState.IGNORED, "hidden"),
        Seen(Path("/in"), "slow.log", FileState.WAITING, "being written"),
    ]
    first = listed(history, seen, limit=2)
    assert ([one.name for one in first.seen], [row.name for row in first.rows]) == (["new.log", ".x"], ["2.log", "1.log"])
    rest = listed(history, seen, limit=2, after=first.after)
    assert (rest.seen, [row.name for row in rest.rows], rest.after) == ((), ["0.log"], None)
    waiting = listed(history, seen, state=FileState.WAITING)
    assert ([one.name for one in waiting.seen], waiting.rows) == (["slow.log"], ())
    assert [one.name for one in listed(history, seen, name_like="*.log").seen] == ["new.log", "slow.log"]
    assert [one.name for one in listed(history, seen, name_like=".x").seen] == [".x"]
    assert listed(None, seen).rows == ()
    with pytest.raises(UsageError):
        listed(history, seen, sort="size")


def test_a_mill_is_alive_as_long_as_its_process_holds_its_lock(records, history):
    records.control("blocked", {"reason": "little room", "since": 0.0})
    records.control("paused", {"who": "me", "reason": "", "at": 1.0})
    with Catalog.open(records.folder, "run"):
        assert mill_state(history).mill is None
        with Catalog.open(records.folder, "watch"):
            found = mill_state(history)
            assert found.mill is not None
            assert (found.mill.what, found.blocked, len(found.living)) == ("watch", "little room", 2)
    over = mill_state(history)
    assert (over.mill, over.blocked, over.paused) == (None, None, Paused("me", "", 1.0))
    assert mill_state(None) == MillState()


def test_a_node_stands_still_since_the_first_of_its_workers_does(records, history):
    still = [{"file_id": 1, "node": "a", "since": 9.0}, {"file_id": 2, "node": "a", "since": 7.0}]
    records.control("stalled", [*still, {"file_id": 3, "node": "b", "since": 8.0}])
    records.control("backlog", 12)
    with Catalog.open(records.folder, "watch"):
        found = mill_state(history)
        assert found.stalled == {"a": 7.0, "b": 8.0}
        assert found.in_inbox == 12
    over = mill_state(history)
    assert (over.stalled, over.in_inbox) == ({}, None)

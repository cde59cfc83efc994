from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from linemill.catalog.records import Arrived, Failed, How, Kind, Wish
from linemill.engine import DeadCode, DeadLetter
from linemill.pipeline import DEAD_LETTERS


def _appended(yard, claim, target="out/all.txt", size=10, **more):
    return yard.staged(claim, target, How.APPENDED, size, **more)


def test_an_attempt_is_committed_with_all_its_counts(yard, catalog):
    (claim,) = yard.claim(catalog, "a.txt")
    (redo,) = catalog.commit([yard.commit(claim, dead=1)], 5.0)
    assert yard.value("select state, since, lines, dead, raw_bytes, seconds from file") == ("committed", 5.0, 3, 1, 10, 0.5)
    assert yard.value("select state, ended_at, lines, dead, raw_bytes, seconds from attempt") == ("committed", 5.0, 3, 1, 10, 0.5)
    assert yard.value("select node, came, gave, sent, dead from node_count") == ("node", 3, '{"": 2}', '{"out": 2}', 1)
    ((number, node, code, letter),) = yard.rows("select number, node, code, letter from dead_letter")
    assert (number, node, code) == (1, "node", "raised")
    assert json.loads(letter) == {
        "file": "a.txt",
        "line": 1,
        "node": "node",
        "code": "raised",
        "error": "ValueError",
        "text": "line",
    }
    assert (redo.name, redo.place, redo.moves_to) == ("a.txt", claim.place, yard.base / "processed" / "a.txt")
    assert [(each.output, each.offset, each.is_published) for each in redo.outputs] == [
        (yard.staged(claim, "out/a.txt"), 0, False)
    ]
    assert catalog.redo() == [redo]
    assert catalog.redo(claim.file_id) == [redo]
    assert catalog.redo(claim.file_id + 1) == []


def test_a_hundred_files_take_no_more_statements_than_ten(yard, catalog):
    said: list[str] = []
    event.listen(catalog._database._engine, "before_cursor_execute", lambda *arguments: said.append(arguments[2]))

    def statements(count: int) -> list[str]:
        said.clear()
        claims = yard.claim(catalog, *(f"{count}-{number}" for number in range(count)))
        redos = catalog.commit([yard.commit(claim, _appended(yard, claim), dead=1) for claim in claims], 5.0)
        catalog.published(redos, 5.0)
        return [text.partition(" ")[0] for text in said]

    statements(1)  # adds the version
    assert statements(100) == statements(10)
    assert len(said) < 40


def test_outputs_get_the_places_that_commits_give_them(yard, catalog):
    claims = yard.claim(catalog, "a", "b", "c")
    first = catalog.commit([yard.commit(claim, _appended(yard, claim, size=10 + k)) for k, claim in enumerate(claims[:2])], 5.0)
    second = catalog.commit([yard.commit(claims[2], _appended(yard, claims[2]), yard.staged(claims[2], "out/c"))], 6.0)
    assert [each.offset for redo in first + second for each in redo.outputs] == [0, 10, 21, 0]
    assert yard.rows("select target, bytes, lines from growing") == [(str(yard.base / "out/all.txt"), 31, 3)]


def test_what_is_to_be_published_comes_in_the_order_of_the_commits(yard, catalog):
    a, b = yard.claim(catalog, "a", "b")
    catalog.commit([yard.commit(b, _appended(yard, b))], 5.0)
    catalog.commit([yard.commit(a, _appended(yard, a))], 6.0)
    assert [(redo.name, redo.outputs[0].offset) for redo in catalog.redo()] == [("b", 0), ("a", 10)]


def test_the_end_of_a_growing_file_is_known_by_its_outputs(yard, catalog):
    a, b = yard.claim(catalog, "a", "b")
    catalog.commit([yard.commit(a, _appended(yard, a, size=12))], 5.0)
    with catalog._database.writing() as connection:
        connection.exec_driver_sql("delete from growing")
    (redo,) = catalog.commit([yard.commit(b, _appended(yard, b))], 5.0)
    assert redo.outputs[0].offset == 12
    assert yard.value("select bytes, lines from growing") == (22, 2)


def test_only_attempts_that_are_still_ours_are_committed(yard, catalog):
    ours, lost = yard.claim(catalog, "a", "b")
    catalog.set_back([lost], 2.0)
    assert [redo.name for redo in catalog.commit([yard.commit(lost), yard.commit(ours)], 5.0)] == ["a"]
    assert catalog.commit([yard.commit(ours)], 6.0) == []
    assert yard.open().commit([yard.commit(ours)], 7.0) == []
    assert yard.rows("select name, state from file order by id") == [("a", "committed"), ("b", "ready")]
    assert yard.value("select count(*) from output") == 1


@pytest.mark.parametrize(
    ("how", "place"), [({}, "processed/a.txt"), ({"deletes": True}, None), ({"moves_to": None}, "processing/a.txt")]
)
def test_a_published_file_is_done_and_where_it_went(yard, catalog, how: dict[str, Any], place: str | None):
    (claim,) = yard.claim(catalog, "a.txt")
    yard.done(catalog, [claim], 8.0, **how)
    expected = None if place is None else str(yard.base / place)
    assert yard.value("select state, since, done_at, place from file") == ("done", 8.0, 8.0, expected)
    assert yard.value("select state, is_published from attempt join output on attempt_id = attempt.id") == ("published", 1)
    assert catalog.redo() == []


def test_publishing_twice_changes_nothing(yard, catalog):
    (claim,) = yard.claim(catalog, "a.txt")
    redos = yard.done(catalog, [claim], 8.0)
    catalog.wish([claim.file_id], Wish(Kind.REPROCESS, "somebody"), 9.0)
    catalog.published(redos, 10.0)
    assert yard.value("select state, done_at from file") == ("ready", 8.0)


def test_reprocessing_replaces_outputs_and_dead_letters(yard, catalog):
    (claim,) = yard.claim(catalog, "a.txt")
    dead = yard.staged(claim, "dead/a.txt.jsonl", k=1)
    redos = catalog.commit([yard.commit(claim, yard.staged(claim, "out/a.txt"), dead, dead=2)], 5.0)
    catalog.published(redos, 5.0)
    catalog.wish([claim.file_id], Wish(Kind.REPROCESS, "somebody"), 9.0)
    (again,) = yard.take(catalog)
    assert again.kind is Kind.REPROCESS
    (redo,) = catalog.commit([yard.commit(again, obsolete=(dead.target,))], 10.0)
    assert redo.obsolete == (dead.target,)
    assert catalog.redo()[0].obsolete == (dead.target,)
    replaced = yard.rows("select attempt_id, replaced_by from output order by id")
    assert replaced == [(claim.attempt_id, again.attempt_id), (claim.attempt_id, again.attempt_id), (again.attempt_id, None)]
    assert yard.rows("select * from dead_letter") == []
    assert yard.value("select dead from file") == 0


def test_a_redrive_adds_to_the_file_that_is_there(yard, catalog):
    (claim,) = yard.claim(catalog, "a.txt")
    dead = yard.staged(claim, "dead/a.txt.jsonl", lines=2, k=1)
    catalog.published(catalog.commit([yard.commit(claim, yard.staged(claim, "out/a.txt", size=30), dead, dead=2)], 5.0), 5.0)
    for offset, left in ((30, 1), (40, 1)):
        catalog.wish([claim.file_id], Wish(Kind.REDRIVE, "somebody"), 9.0)
        (redrive,) = yard.take(catalog)
        dead = yard.staged(redrive, "dead/a.txt.jsonl", lines=left, k=1)
        (redo,) = catalog.commit([yard.commit(redrive, _appended(yard, redrive, "out/a.txt"), dead, dead=left)], 10.0)
        assert [each.offset for each in redo.outputs] == [offset, 0]
        catalog.published([redo], 10.0)
        assert yard.value("select lines, dead from file") == (3, left)
        assert yard.value("select count(*) from dead_letter") == left
    stands = yard.rows("select name, how, bytes from output where replaced_by is null order by id")
    assert stands == [("out", "whole", 30), ("out", "appended", 10), ("out", "appended", 10), (DEAD_LETTERS, "whole", 10)]
    catalog.wish([claim.file_id], Wish(Kind.REPROCESS, "somebody"), 9.0)
    (again,) = yard.take(catalog)
    catalog.published(catalog.commit([yard.commit(again, yard.staged(again, "out/a.txt", size=33))], 11.0), 11.0)
    assert yard.value("select bytes from output where replaced_by is null and name = 'out'") == 33
    catalog.wish([claim.file_id], Wish(Kind.REDRIVE, "somebody"), 9.0)
    (redrive,) = yard.take(catalog)
    (redo,) = catalog.commit([yard.commit(redrive, _appended(yard, redrive, "out/a.txt"))], 12.0)
    assert redo.outputs[0].offset == 33


def test_a_growing_file_that_was_moved_away_is_begun_anew(yard, catalog):
    claims = yard.claim(catalog, "a", "b", "c")
    target = yard.base / "out/all.txt"
    redos = catalog.commit([yard.commit(claim, _appended(yard, claim, size=10 + k)) for k, claim in enumerate(claims)], 5.0)
    catalog.published(redos[:1], 6.0)
    catalog.begin_anew(target)
    assert [redo.outputs[0].offset for redo in catalog.redo()] == [0, 11]
    assert yard.value("select bytes, lines from growing") == (23, 2)
    assert yard.rows("select offset_bytes, replaced_by from output order by id") == [
        (0, claims[1].attempt_id),
        (0, None),
        (11, None),
    ]
    catalog.begin_anew(target)
    assert [redo.outputs[0].offset for redo in catalog.redo()] == [0, 11]


def test_an_output_whose_name_a_stranger_took_gets_another(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    (redo,) = catalog.commit([yard.commit(claim)], 5.0)
    catalog.retarget(redo.outputs[0].output_id, yard.base / "out" / "a~2")
    (redo,) = catalog.redo()
    assert redo.outputs[0].output.target == yard.base / "out" / "a~2"
    catalog.published([redo], 6.0)
    catalog.retarget(redo.outputs[0].output_id, yard.base / "out" / "a~3")
    assert yard.value("select target from output") == str(yard.base / "out" / "a~2")


def test_a_failed_try_counts_and_is_followed_by_another(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.fail([yard.failed(claim, 9.0, ledger=yard.ledger(dead=1))], 5.0)
    row = yard.value("select state, since, tries, next_try_at, code, reason, traceback from file")
    assert row == ("ready", 5.0, 1, 9.0, "bad_input", "no luck", None)
    assert yard.value("select state, ended_at, code, reason, lines, dead from attempt") == (
        "failed",
        5.0,
        "bad_input",
        "no luck",
        3,
        1,
    )
    assert yard.value("select count(*) from node_count") == 1


def test_a_file_that_failed_for_good_is_where_it_went(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.fail([yard.failed(claim, moves_to=yard.base / "failed/a")], 5.0)
    assert yard.value("select state, tries, next_try_at, place from file") == ("failed", 1, None, str(yard.base / "failed/a"))
    assert yard.take(catalog, 99.0) == []


def test_what_is_the_worlds_fault_is_no_try(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.fail([yard.failed(claim, 6.0, counts=False)], 5.0)
    assert yard.value("select file.state, tries, attempt.state from file join attempt on file_id = file.id") == (
        "ready",
        0,
        "taken_back",
    )
    (again,) = yard.take(catalog)
    assert (again.kind, again.tries) == (Kind.FIRST, 0)


def test_only_attempts_that_are_still_ours_fail(yard, catalog):
    ours, lost = yard.claim(catalog, "a", "b")
    catalog.set_back([lost], 2.0)
    catalog.fail([yard.failed(lost), yard.failed(ours)], 5.0)
    catalog.fail([yard.failed(ours)], 6.0)
    assert yard.rows("select state, tries from file order by id") == [("failed", 1), ("ready", 0)]


def test_success_leaves_no_reason_of_failure(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.fail([yard.failed(claim, 5.0)], 5.0)
    yard.done(catalog, yard.take(catalog))
    assert yard.value("select code, reason, traceback, next_try_at, tries from file") == (None, None, None, None, 1)


def test_words_that_no_database_can_say_are_kept_escaped(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.fail([Failed(claim, "processor", "bad \ud800\udcff\0", "trace \udc80\nback", None)], 5.0)
    assert yard.value("select reason, traceback from file") == ("bad \\ud800\\udcff\\x00", "trace \\udc80\nback")


def test_hostile_names_come_back_from_a_commit(yard, catalog):
    name = os.fsdecode(b"new\nline \xff\x85") + "\x85"
    (claim,) = yard.claim(catalog, name)
    letter = DeadLetter(1, "node", DeadCode.NOT_TEXT, "said \udcff", "\udcff\ud800")
    whole = yard.commit(claim, yard.staged(claim, f"out/{name}"), obsolete=(yard.base / "dead" / name,))
    commit = replace(whole, letters=(letter,))
    redos = catalog.commit([commit], 5.0)
    assert catalog.redo() == redos
    assert redos[0].outputs[0].output.target == yard.base / "out" / name
    assert json.loads(yard.value("select letter from dead_letter"))["text"] == "\udcff\ud800"


def test_standard_input_goes_nowhere(yard, catalog):
    (claim,) = yard.given(catalog, Arrived(None, "stdin", -1, 0, 1.0))
    (redo,) = yard.done(catalog, [claim], moves_to=None)
    assert redo.place is None
    assert yard.value("select state, place from file") == ("done", None)

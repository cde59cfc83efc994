from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable

import pytest
from sqlalchemy import event

from linemill.catalog.records import Kind, Origin, Wish
from linemill.errors import UsageError


def test_a_version_that_is_known_has_its_row(yard, catalog):
    first = catalog.version("text", {"a.py": "a", "b.py": "b"}, 1.0)
    assert catalog.version("text", {"b.py": "b", "a.py": "a"}, 2.0) == first
    assert catalog.version("text", {"a.py": "b", "b.py": "a"}, 3.0) != first
    assert catalog.version("text\0", {os.fsdecode(b"\xff.py"): "\udcff"}, 4.0) != first
    assert yard.rows("select id, loaded_at, text from version order by id") == [
        (first, 2.0, "text"),
        (first + 1, 3.0, "text"),
        (first + 2, 4.0, "text\\x00"),
    ]


def test_a_wish_makes_a_file_ready_and_is_noted(yard, catalog):
    (claim,) = yard.claim(catalog, "a\n")
    catalog.fail([yard.failed(claim)], 2.0)
    catalog.wish([claim.file_id], Wish(Kind.RETRY, "somebody"), 5.0)
    assert yard.value("select state, since, next_try_at, tries from file") == ("ready", 5.0, 5.0, 0)
    assert yard.value("select at, who, what, file_id, detail from event") == (5.0, "somebody", "retry", claim.file_id, "a\\n")
    (again,) = yard.take(catalog)
    assert (again.kind, again.tries) == (Kind.RETRY, 0)
    assert yard.value("select wish from file") is None


def test_a_wish_for_many_files_takes_few_statements_and_all_or_none_of_them(yard, catalog):
    claims = yard.claim(catalog, *(f"{number}.log" for number in range(300)))
    yard.done(catalog, claims)
    (working,) = yard.claim(catalog, "in hand")
    statements = []
    event.listen(catalog._database._engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    ids = [claim.file_id for claim in claims]
    with pytest.raises(UsageError, match="is being worked on"):
        catalog.wish([*ids, working.file_id], Wish(Kind.REPROCESS, "somebody"), 5.0)
    assert yard.value("select count(*) from event") == 0
    statements.clear()
    catalog.wish([*ids, ids[0]], Wish(Kind.REPROCESS, "somebody"), 5.0)
    assert len(statements) < 10
    assert yard.value("select count(*) from file where state = 'ready' and wish is not null") == 300
    assert yard.rows("select file_id, detail from event order by id") == [(claim.file_id, claim.name) for claim in claims]


def test_a_wish_reaches_the_attempt(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    yard.done(catalog, [claim])
    wish = Wish(Kind.REPROCESS, "somebody", append_again=True)
    catalog.wish([claim.file_id], wish, 5.0)
    (again,) = yard.take(catalog)
    assert (again.kind, again.wish) == (Kind.REPROCESS, wish)


def test_a_file_that_is_in_hand_is_not_wished_for(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    with pytest.raises(UsageError, match="is being worked on"):
        catalog.wish([claim.file_id], Wish(Kind.RETRY, "somebody"), 5.0)
    catalog.commit([yard.commit(claim)], 5.0)
    with pytest.raises(UsageError, match="is being published"):
        catalog.wish([claim.file_id], Wish(Kind.RETRY, "somebody"), 5.0)
    with pytest.raises(UsageError, match="has no file 99"):
        catalog.wish([99], Wish(Kind.RETRY, "somebody"), 5.0)
    assert yard.rows("select * from event") == []


def test_values_are_left_for_other_processes(yard, catalog):
    assert catalog.control("paused") is None
    catalog.set_control("paused", {"who": "\udcff", "at": 1.5}, 1.0)
    catalog.set_control("paused", {"who": "ü\udcff\0", "at": 2.5}, 2.0)
    assert yard.open().control("paused") == {"who": "ü\udcff\0", "at": 2.5}
    catalog.set_control("paused", None, 3.0)
    catalog.set_control("paused", None, 3.0)
    assert catalog.control("paused") is None


def test_events_are_kept_whatever_they_say(yard, catalog):
    catalog.event("mill", "pipeline_refused", "line\n\ud800\0", 1.0)
    assert yard.value("select at, who, what, file_id, detail from event") == (
        1.0,
        "mill",
        "pipeline_refused",
        None,
        "line\n\\ud800\\x00",
    )


def test_folders_with_hidden_files_are_known_until_there_are_none(yard, catalog):
    strange = yard.base / os.fsdecode(b"\xff\n")
    catalog.stages_in([yard.base / "b", yard.base / "a"])
    catalog.stages_in({yard.base / "a", strange})
    catalog.stages_in([])
    assert catalog.staging_folders() == sorted([yard.base / "a", yard.base / "b", strange])
    catalog.no_longer_stages_in([strange, yard.base / "never"])
    assert catalog.staging_folders() == [yard.base / "a", yard.base / "b"]


def test_every_verb_takes_nothing_for_an_answer(yard, catalog):
    assert yard.claim(catalog) == []
    assert yard.given(catalog) == []
    assert catalog.commit([], 1.0) == []
    catalog.published([], 1.0)
    catalog.fail([], 1.0)
    catalog.set_back([], 1.0)
    catalog.forget([])
    assert catalog.must_stay([]) == set()
    assert list(catalog.thin(1.0, age_s=1.0, most=1, keeps=lambda path: False)) == [0, 0]


MANY = """
insert into version values (1, 'd', '', '', 0);
with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
insert into file select i, case when i % 2 then 'inbox' else 'given' end, 'f' || i, 1, 'f' || i, '/in/f' || i, '/done/f' || i,
    1, 1, 'done', i, i, i, 0, null, null, i, null, null, null, 1, 0, 1, 1 from n;
insert into attempt select id, id, 1, 'first', 1, 'o', '', 'published', null, 1, 1, null, null, 1, 0, 1, 1, null, 0, null
    from file;
insert into output select id, id, 'out', 'whole', '/out/' || id, '/out/.' || id, 0, 1, 1, '[]', 0, 1, null from file;
insert into dead_letter select id, id, id, 1, 'node', 'raised', x'7b7d' from file;
"""


def _steps(yard, catalog, work: Callable[[], object]) -> int:
    """Count what the database does for some work, in hundreds of its own instructions."""
    count = 0

    def counted() -> int:
        nonlocal count
        count += 1
        return 0

    with catalog._database.reading() as connection:
        raw: sqlite3.Connection = connection.connection.dbapi_connection
    raw.set_progress_handler(counted, 100)
    work()
    raw.set_progress_handler(None, 0)
    return count


def _everything(yard, catalog) -> Callable[[], None]:
    def work() -> None:
        first, other = yard.claim(catalog, "f1", "f3")
        (given,) = yard.given(catalog, *yard.arrived("f2"))
        catalog.published(catalog.commit([yard.commit(first, dead=1), yard.commit(given)], 5.0), 6.0)
        catalog.fail([yard.failed(other, 7.0)], 7.0)
        (again,) = yard.take(catalog, 8.0, origin=Origin.INBOX)
        catalog.whose(yard.base / "processing" / "f1")
        catalog.is_done(yard.arrived("f4")[0])
        catalog.set_back([again], 9.0)
        catalog.must_stay([first.attempt_id, again.attempt_id])
        catalog.take_over(9.0)
        catalog.redo()
        catalog.forget(yard.take(catalog, 10.0))
        catalog.wish([first.file_id], Wish(Kind.REPROCESS, "somebody"), 11.0)
        (again,) = yard.take(catalog, 12.0, only=[first.file_id])
        catalog.published(catalog.commit([yard.commit(again)], 12.0), 13.0)

    return work


@pytest.mark.slow
def test_a_catalog_of_a_hundred_thousand_files_does_no_more_for_one_than_a_small_one(yard, tmp_path):
    steps = []
    for count in (100, 100_000):
        yard.folder = tmp_path / str(count)
        catalog = yard.open()
        connection = sqlite3.connect(yard.folder / "catalog.db")
        connection.executescript(MANY.format(count=count))
        connection.close()
        steps.append(_steps(yard, catalog, _everything(yard, catalog)))
    assert steps[0] > 10
    assert steps[1] < 2 * steps[0]

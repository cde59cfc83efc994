from __future__ import annotations

import sqlite3
import threading
from queue import SimpleQueue

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, bindparam, select, update

from linemill.catalog.database import FEW_ROWS, Database, added, many
from linemill.errors import WorldError


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "some.db")
    with database.writing() as connection:
        connection.exec_driver_sql("create table word (text text unique)")
    yield database
    database.close()


@pytest.mark.parametrize(
    ("setting", "said", "code"),
    [("query_only=1", "cannot be written", "catalog"), ("max_page_count=1", "the disk is full", "disk_full")],
)
def test_what_the_disk_says_no_to_is_said_in_words(database, setting: str, said: str, code: str):
    with database.reading() as connection:
        connection.exec_driver_sql(f"PRAGMA {setting}")
    with pytest.raises(WorldError, match=said) as caught, database.writing() as connection:
        connection.exec_driver_sql("insert into word values (?)", ("long" * 10_000,))
    assert caught.value.code == code
    assert caught.value.may_retry


def test_a_database_that_another_holds_is_said_to_be_in_use(database, monkeypatch):
    holder = sqlite3.connect(database.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")
    with pytest.raises(WorldError, match="in use by another process") as caught, database.writing():
        pytest.fail("two write at once")
    assert caught.value.code == "catalog"
    holder.close()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError()])
def test_nothing_of_a_transaction_that_failed_is_done(database, error: BaseException):
    def write() -> None:
        with database.writing() as connection:
            connection.exec_driver_sql("insert into word values ('a')")
            raise error

    with pytest.raises(type(error)):
        write()
    with database.reading() as connection:
        assert connection.exec_driver_sql("select count(*) from word").scalar() == 0


def test_a_transaction_that_writes_waits_for_another_and_sees_what_it_did(database):
    began = threading.Event()
    seen: list[int] = []

    def write() -> None:
        began.set()
        with database.writing() as connection:
            seen.append(connection.exec_driver_sql("select count(*) from word").scalar())

    other = threading.Thread(target=write)
    with database.writing() as connection:
        other.start()
        began.wait()
        connection.exec_driver_sql("insert into word values ('a')")
    other.join()
    assert seen == [1]


def test_every_commit_is_durable_before_it_returns(database):
    with database.reading() as connection:
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "foreign_keys")]
    assert settings == [2, 1]


def test_the_log_does_not_grow_for_ever_where_somebody_always_reads(database, monkeypatch):
    monkeypatch.setattr("linemill.catalog.database.WAL_BYTES", 2**20)
    monkeypatch.setattr("linemill.catalog.database.ANEW_EVERY_S", 0.0)
    with database.plain() as plain:
        plain.execute("PRAGMA journal_mode=WAL")
    turns: list[SimpleQueue[bool]] = [SimpleQueue(), SimpleQueue()]
    begun: list[SimpleQueue[bool]] = [SimpleQueue(), SimpleQueue()]

    def read(me: int) -> None:
        """Read until the other one has begun to, in turn: there is always somebody who does."""
        while turns[me].get(timeout=30):
            with database.reading() as connection:
                connection.exec_driver_sql("select count(*) from word").scalar()
                begun[1 - me].put(True)
                turns[1 - me].put(True)
                begun[me].get(timeout=30)

    readers = [threading.Thread(target=read, args=(me,)) for me in (0, 1)]
    for reader in readers:
        reader.start()
    turns[0].put(True)
    log = database.path.with_name("some.db-wal")
    most = 0
    for number in range(100):
        with database.writing() as connection:
            connection.exec_driver_sql("insert into word values (?)", (f"{number:06}" + "x" * 100_000,))
        most = max(most, log.stat().st_size)
    for me in (0, 1):
        begun[me].put(True)
        turns[me].put(False)
    for reader in readers:
        reader.join()
    assert most < 4 * 2**20


WORDS = Table("words", MetaData(), Column("id", Integer, primary_key=True), Column("text", String), Column("state", String))


@pytest.mark.parametrize("count", [FEW_ROWS - 1, FEW_ROWS, 100])
def test_a_statement_means_the_same_for_few_rows_and_for_many(database, count: int):
    numbers = range(1, count + 1)
    change = update(WORDS).where(WORDS.c.id == bindparam("of")).values(state="done")
    with database.writing() as connection:
        WORDS.create(connection)
        assert added(connection, WORDS, [{"text": f"w{number}"} for number in numbers]) == list(numbers)
        assert added(connection, WORDS, [{"text": "x", "state": "new"}]) == [count + 1]
        many(connection, change, [{"of": number, "text": f"W{number}"} for number in numbers])
        many(connection, change, [{"of": number} for number in numbers])
        found = [tuple(row) for row in connection.execute(select(WORDS).order_by(WORDS.c.id))]
    assert found == [(number, f"W{number}", "done") for number in numbers] + [(count + 1, "x", "new")]

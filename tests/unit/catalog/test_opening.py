from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from linemill.catalog import Catalog, opening
from linemill.catalog.database import Database
from linemill.errors import WorldError


def _tables(path: Path) -> set[tuple[str, ...]]:
    connection = sqlite3.connect(path)
    try:
        query = "select type, name, sql from sqlite_master where name not like 'alembic%' and name not like 'sqlite_%'"
        return set(connection.execute(query))
    finally:
        connection.close()


def test_migrations_from_nothing_make_exactly_the_tables_of_a_new_catalog(yard, tmp_path):
    yard.open()
    database = Database(tmp_path / "migrated.db")
    opening.migrate(database, opening.HEAD)
    database.close()
    assert _tables(tmp_path / "migrated.db") == _tables(yard.folder / "catalog.db")


def test_a_new_catalog_is_what_the_newest_migration_makes():
    config = Config()
    config.set_main_option("script_location", str(opening.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == opening.HEAD


def test_a_catalog_is_opened_without_importing_alembic(tmp_path):
    code = (
        "import sys; from pathlib import Path; from linemill.catalog import Catalog\n"
        "for _ in range(2): Catalog.open(Path(sys.argv[1]), 'run').close()\n"
        "print('alembic' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path / "s")], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_an_older_catalog_is_brought_up_to_date(yard):
    yard.folder.mkdir()
    connection = sqlite3.connect(yard.folder / "catalog.db")
    connection.execute("create table alembic_version (version_num varchar(32) not null primary key)")
    connection.close()
    (claim,) = yard.claim(yard.open(), "a.txt")
    assert claim.name == "a.txt"
    assert yard.value("select version_num from alembic_version") == opening.HEAD


def test_the_tag_is_made_once(yard, tmp_path):
    first, second = yard.open(), yard.open()
    assert first.tag == second.tag
    assert len(first.tag) == 8
    assert int(first.tag, 16) >= 0
    with Catalog.open(tmp_path / "other", "watch") as other:
        assert other.tag != first.tag


def test_a_catalog_of_a_newer_linemill_is_refused(yard):
    yard.open().close()
    connection = sqlite3.connect(yard.folder / "catalog.db")
    connection.execute("update alembic_version set version_num = 'f00d'")
    connection.commit()
    connection.close()
    with pytest.raises(WorldError, match="was made by a newer linemill") as caught:
        yard.open()
    assert caught.value.code == "catalog"
    assert yard.value("select version_num from alembic_version") == "f00d"


def test_a_database_of_somebody_else_is_refused_and_left_alone(yard):
    yard.folder.mkdir()
    connection = sqlite3.connect(yard.folder / "catalog.db")
    connection.execute("create table recipe (id integer)")
    connection.close()
    with pytest.raises(WorldError, match="is no catalog of linemill's"):
        yard.open()
    assert yard.value("select name from sqlite_master") == "recipe"


@pytest.mark.parametrize("content", [b"something else\n" * 500, b"SQLite format 3\0" + b"\xff" * 5_000])
def test_a_file_that_is_no_database_is_refused_and_left_alone(yard, content: bytes):
    yard.folder.mkdir()
    (yard.folder / "catalog.db").write_bytes(content)
    with pytest.raises(WorldError, match="no database, or a damaged one") as caught:
        yard.open()
    assert caught.value.code == "catalog"
    assert (yard.folder / "catalog.db").read_bytes() == content


def test_a_state_folder_that_is_a_file_is_refused(yard):
    yard.folder.write_text("a note")
    with pytest.raises(WorldError, match="the state folder cannot be used"):
        yard.open()


def test_a_database_that_is_a_folder_is_refused(yard):
    (yard.folder / "catalog.db").mkdir(parents=True)
    with pytest.raises(WorldError, match="cannot be written") as caught:
        yard.open()
    assert caught.value.code == "catalog"


def test_nothing_is_left_of_an_owner_that_could_not_open(yard):
    yard.open().close()
    connection = sqlite3.connect(yard.folder / "catalog.db")
    connection.execute("drop table owner")
    connection.close()
    with pytest.raises(WorldError):
        yard.open()
    assert list(yard.folder.glob("owner-*")) == []


@pytest.mark.parametrize("name", ["a b?c#d%20", os.fsdecode(b"caf\xe9"), "new\nline"])
def test_a_state_folder_may_have_any_name(tmp_path, name: str):
    for _ in range(2):
        with Catalog.open(tmp_path / name / ".linemill", "run") as catalog:
            assert catalog.control("paused") is None
    assert (tmp_path / name / ".linemill" / "catalog.db").is_file()


@pytest.mark.slow
def test_processes_that_open_a_new_catalog_together_share_it(tmp_path):
    code = (
        "import sys; from pathlib import Path; from linemill.catalog import Catalog; sys.stdin.read()\n"
        "with Catalog.open(Path(sys.argv[1]), 'run') as catalog: print(catalog.tag)"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "state")]
    runs = [subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for run in runs:
        assert run.stdin is not None
        run.stdin.close()
        run.stdin = None
    assert len({run.communicate()[0] for run in runs}) == 1
    assert [run.returncode for run in runs] == [0] * 6

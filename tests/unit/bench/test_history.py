"""The catalogs that are compared: as full as they say, and the same in all but size."""

import pytest

from bench import history
from bench.report import Report
from linemill.catalog import Catalog
from linemill.catalog.database import Database
from linemill.catalog.history import History
from linemill.catalog.opening import NAME
from linemill.catalog.records import FileState


@pytest.mark.slow
def test_a_history_is_as_long_as_it_is_said_to_be(tmp_path):
    with Catalog.open(tmp_path, "bench"):
        database = Database(tmp_path / NAME)
        with database.writing() as connection:
            history.fill(connection, 12_345)
        database.close()
        read = History.open(tmp_path)
        assert read is not None
        with read:
            assert read.totals() == {FileState.DONE: 12_222, FileState.FAILED: 123}
            assert [len(read.attempts(12_345)), len(read.outputs(file_id=12_345)), len(read.node_counts([12_345]))] == [1, 1, 1]


def test_both_are_asked_the_same(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(history, "TIMES", 3)
    history.compare(Report(), tmp_path, (200, 300))
    rows = [line.split(" | ")[0] for line in capsys.readouterr().out.splitlines() if " ms | " in line]
    assert rows == ["| `files`: the first page", "| `explain`: one file", "| the claim of the next file"]
    assert not any(tmp_path.iterdir())

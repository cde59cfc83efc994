from linemill.catalog import Catalog, now
from linemill.catalog.history import History
from linemill.catalog.periods import Counts
from linemill.catalog.records import FileState


def test_a_new_catalog_says_that_nothing_goes_on(tmp_path):
    with Catalog.open(tmp_path, "watch"), _history(tmp_path) as history:
        said = history.now()
    assert (said.totals, said.digest, set(said.files.values())) == (Counts(), None, {0})
    assert list(said.standing.controls) == ["tag"]
    assert [owner.what for owner in said.standing.owners] == ["watch"]


def test_the_version_is_the_one_that_was_loaded_last(tmp_path):
    with Catalog.open(tmp_path, "watch") as catalog, _history(tmp_path) as history:
        for text, loaded_at in (("a", 1.0), ("b", 2.0), ("a", 3.0)):
            catalog.version(text, {}, loaded_at)
        digests = [version.digest for version in history.versions().rows]
        assert len(digests) == 2
        assert history.now().digest == digests[1]


def _history(folder):
    history = History.open(folder)
    assert history is not None
    return history


def test_files_are_counted_by_state_up_to_a_limit(records, history):
    states = ["ready"] * 3 + ["working"] * 2 + ["failed"] * 5 + ["done"] * 4
    for number, state in enumerate(states):
        records.file(f"{number}.log", state)
    assert history.now().files == {
        FileState.READY: 3,
        FileState.WORKING: 2,
        FileState.COMMITTED: 0,
        FileState.FAILED: 5,
    }
    assert history.now(limit=2).files[FileState.FAILED] == 2


def test_dead_letters_that_stand_are_counted_up_to_a_limit(records, history):
    file_id = records.file("a.log")
    attempt_id = records.attempt(file_id)
    for _ in range(3):
        records.letter(file_id, attempt_id)
    assert (history.now().letters, history.now(limit=2).letters) == (3, 2)


def test_counting_files_goes_through_an_index_whatever_their_number(records):
    with records.engine.connect() as connection:
        query = now._FILES.params(limit=10).compile(connection, compile_kwargs={"literal_binds": True})
        plan = [row[3] for row in connection.exec_driver_sql(f"explain query plan {query}") if " file " in row[3]]
    assert len(plan) == 4
    assert all("USING COVERING INDEX" in step for step in plan)

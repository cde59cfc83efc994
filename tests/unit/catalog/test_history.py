from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from linemill.catalog import schema
from linemill.catalog.history import History
from linemill.catalog.records import FileState, Kind, Wish
from linemill.catalog.rows import Page
from linemill.errors import UsageError, WorldError


def _names(page: Any) -> list[str]:
    return [row.name for row in page.rows]


def test_without_a_catalog_there_is_no_history(tmp_path):
    assert History.open(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path):
    (tmp_path / "catalog.db").write_bytes(b"something else" * 1000)
    with pytest.raises(WorldError, match="this is no database") as refused:
        History.open(tmp_path)
    assert refused.value.code == "catalog"


def test_names_and_paths_come_back_as_they_were(records, history):
    name = "a\n\\\udcff\x85.log"
    file_id = records.file(name, found=f"/in/{name}", place=Path("/done") / name)
    row = history.file(file_id)
    assert row is not None
    assert (row.name, row.life_name, row.found, row.place) == (name, name, Path(f"/in/{name}"), Path(f"/done/{name}"))
    assert history.file(file_id + 1) is None


@pytest.mark.parametrize("sort", ["since", "-since", "name", "-name", "id", "-id"])
@pytest.mark.parametrize(
    ("filters", "count"),
    [({}, 40), ({"state": FileState.FAILED}, 14), ({"name_like": "f*"}, 20), ({"name_like": "*1*"}, 4)],
)
@pytest.mark.parametrize("few", [0, 10_000])
def test_pages_put_together_are_the_whole_list_in_order(records, history, monkeypatch, sort, filters, count, few):
    monkeypatch.setattr("linemill.catalog.filtering.FEW", few)
    for number in range(40):
        state = "failed" if number % 3 == 0 else "done"
        records.file(f"{'fg'[number % 2]}{number % 10}.log", state, since=float(number // 4))
    whole = history.files(sort=sort, limit=1000, **filters).rows
    assert len(whole) == count
    keys = [(getattr(row, sort.lstrip("-")), row.id) for row in whole]
    assert keys == sorted(keys, reverse=sort.startswith("-"))
    paged, after = [], None
    while True:
        page = history.files(sort=sort, limit=3, after=after, **filters)
        paged += page.rows
        after = page.after
        if after is None:
            break
        assert len(page.rows) == 3
    assert tuple(paged) == whole


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a.log", ["a.log"]),
        ("A*", ["A.LOG"]),
        ("*.log", ["a.log", "a_b.log", "a%b.log", "b!.log", "x\n.log", "[1].log"]),
        ("a?b.log", ["a_b.log", "a%b.log"]),
        ("a_*", ["a_b.log"]),
        ("a%*", ["a%b.log"]),
        ("*!.l?g", ["b!.log"]),
        ("[ab]*", ["a.log", "a_b.log", "a%b.log", "b!.log"]),
        ("x?.log", ["x\n.log"]),
        ("x\n*", ["x\n.log"]),
        ("[1].log", ["[1].log"]),
        ("*", ["a.log", "A.LOG", "a_b.log", "a%b.log", "b!.log", "x\n.log", "[1].log"]),
        ("", []),
    ],
)
@pytest.mark.parametrize("few", [0, 10_000])
@pytest.mark.parametrize("sort", ["id", "name"])
def test_a_pattern_finds_what_a_shell_would_find(records, history, monkeypatch, pattern, found, few, sort):
    monkeypatch.setattr("linemill.catalog.filtering.FEW", few)
    for name in ("a.log", "A.LOG", "a_b.log", "a%b.log", "b!.log", "x\n.log", "[1].log"):
        records.file(name)
    assert sorted(_names(history.files(name_like=pattern, sort=sort))) == sorted(found)


def test_a_page_goes_on_where_it_ended_although_files_came_in_between(records, history):
    for number in range(5):
        records.file(f"{number}.log", since=float(number))
    first = history.files(limit=2)
    records.file("new.log", since=9.0)
    assert _names(history.files(limit=2, after=first.after)) == ["2.log", "1.log"]


def test_what_has_no_index_is_no_sort(history):
    with pytest.raises(UsageError, match="cannot be sorted by 'lines'; there are: since, name, id"):
        history.files(sort="lines")


def test_the_parts_of_a_file_come_in_their_order(records, history):
    file_id = records.file()
    wish = '{"kind": "redrive", "who": "me", "append_again": false, "node": "b", "code": null}'
    first = records.attempt(file_id)
    second = records.attempt(file_id, number=2, kind="redrive", wish=wish)
    one = records.output(first, Path("/out/a"), b"a\n", replaced_by=second)
    two = records.output(second, Path("/out/b"), b"a\nb\n", offset=7, how="appended")
    records.node(first, 1, "b", came=2, gave={"": 2}, sent={"all": 2})
    records.node(first, 0, "a", came=2, gave={"x": 2}, sent={"b": 2}, seconds=0.5)
    assert [attempt.id for attempt in history.attempts(file_id)] == [first, second]
    assert history.attempts(file_id)[1].wish == Wish(Kind.REDRIVE, "me", node="b")
    outputs = history.outputs(file_id=file_id)
    assert [output.id for output in outputs] == [one, two]
    assert history.outputs(attempt_id=second) == outputs[1:]
    assert (outputs[1].offset, outputs[1].end, outputs[1].lines, outputs[0].replaced_by) == (7, 11, 2, second)
    assert sum(length for length, _ in outputs[1].pieces) == 4
    nodes = history.node_counts([first])[first]
    assert [(row.node, row.counts.gave, row.counts.sent) for row in nodes] == [
        ("a", {"x": 2}, {"b": 2}),
        ("b", {"": 2}, {"all": 2}),
    ]


def test_targets_come_once_each_and_in_order(records, history):
    attempt = records.attempt(records.file())
    for name in ("b", "a", "b", "c\n"):
        records.output(attempt, Path("/out") / name, b"")
    assert history.targets(limit=2) == ["/out/a", "/out/b"]
    assert history.targets(after="/out/b") == ["/out/c\\n"]
    assert [output.target for output in history.outputs_at("/out/c\\n")] == [Path("/out/c\n")]
    assert len(history.outputs_at("/out/b")) == 2


def test_events_versions_and_controls_are_told(records, history):
    records.event("paused", at=1.0, detail="disk")
    records.event("resumed", at=2.0)
    page = history.events(limit=1)
    assert [event.what for event in page.rows] == ["resumed"]
    assert [(event.what, event.detail) for event in history.events(after=page.after).rows] == [("paused", "disk")]
    records.control("paused", {"who": "me"})
    assert history.control("paused") == {"who": "me"}
    assert history.control("blocked") is None
    (version,) = history.versions().rows
    assert version.digest == "0" * 64
    assert history.version_text(version.id) == ("", {})
    assert history.version_text(version.id + 1) is None


def test_a_page_of_files_is_explained_with_one_look_at_what_belongs_to_it(records, history):
    first, second = records.file("a\udcff.log"), records.file("b.log")
    tries = [records.attempt(first), records.attempt(first, number=2), records.attempt(second)]
    for attempt in tries:
        records.node(attempt, 1, "last", came=attempt)
        records.node(attempt, 0, "first", came=attempt)
    assert history.file_names([first, second, 99]) == {first: "a\udcff.log", second: "b.log"}
    found = history.attempts_by_id([tries[1], tries[2], 99])
    assert {key: (row.file_id, row.number) for key, row in found.items()} == {tries[1]: (first, 2), tries[2]: (second, 1)}
    counts = history.node_counts([tries[0], tries[2]])
    assert sorted(counts) == [tries[0], tries[2]]
    assert [[row.node for row in rows] for rows in counts.values()] == [["first", "last"]] * 2


def test_one_output_and_one_version_are_given_by_their_rows(records, history):
    file_id = records.file()
    output = records.output(records.attempt(file_id), Path("/out/a"), b"a\n")
    found = history.output(output)
    assert found is not None
    assert (found.file_id, found.target) == (file_id, Path("/out/a"))
    assert history.output(output + 1) is None
    version = history.current_version()
    assert version is not None
    assert history.version(version.id) == version
    assert history.version(version.id + 1) is None


def test_events_of_one_file_are_told_by_themselves(records, history):
    records.event("retry", file_id=1)
    records.event("pause")
    records.event("retry", file_id=2)
    assert [event.file_id for event in history.events(file_id=2).rows] == [2]


def test_files_are_counted_by_state(records, history):
    for state in ("done", "failed", "done"):
        records.file(state=state)
    assert history.totals() == {FileState.DONE: 2, FileState.FAILED: 1}


LISTS: list[Callable[..., Page[Any]]] = [
    lambda history, **more: history.files(limit=20, **more),
    lambda history, **more: history.files(limit=20, sort="name", **more),
    lambda history, **more: history.files(limit=20, state=FileState.FAILED, **more),
    lambda history, **more: history.files(limit=20, state=FileState.FAILED, sort="name", **more),
    lambda history, **more: history.files(limit=20, state=FileState.DONE, sort="-id", **more),
    lambda history, **more: history.files(limit=20, name_like="000*", **more),
    lambda history, **more: history.letters(limit=5, node="rare", **more),
    lambda history, **more: history.letters(limit=20, code="raised", **more),
    lambda history, **more: history.letters(limit=2, file_id=700, node="rare", code="raised", **more),
]


@pytest.mark.slow
def test_a_page_of_many_rows_is_no_more_work_than_one_of_few(make_records, tmp_path, monkeypatch):
    monkeypatch.setattr("linemill.catalog.filtering.FEW", 100)
    monkeypatch.setattr("linemill.catalog.listing.LOOKS", 200)
    work: dict[int, list[int]] = {}
    for count in (1_000, 30_000):
        history = _filled(make_records(tmp_path / str(count)), count)
        work[count] = []
        for ask in LISTS:
            after = ask(history).after
            assert after is not None
            work[count] += [_steps(history, partial(ask, history)), _steps(history, partial(ask, history, after=after))]
        history.close()
    assert [many < 3 * few for few, many in zip(*work.values(), strict=True)] == [True] * 2 * len(LISTS)


def _filled(records: Any, count: int) -> History:
    numbers = range(count)
    states = ["failed" if number % 20 == 7 else "done" for number in numbers]
    records.files([{"name": f"{number:08}.log", "state": states[number], "since": float(number)} for number in numbers])
    same = {"attempt_id": records.attempt(1), "code": "raised", "letter": b"{}"}
    letters = [{"file_id": n, "number": n, "node": "often" if n % 100 else "rare", **same} for n in numbers]
    letters += [{"file_id": 700, "number": n, "node": "rare", **same} for n in range(2)]
    with records.engine.begin() as connection:
        connection.execute(schema.dead_letter.insert(), letters)
    history = History.open(records.folder)
    assert history is not None
    return history


def _steps(history: History, ask: Callable[[], object]) -> int:
    """Count the steps of SQLite's machine: the work that a query is, whatever else the computer does."""
    steps: list[None] = []
    with history._database.reading() as connection:
        raw: Any = connection.connection.dbapi_connection
    raw.set_progress_handler(lambda: steps.append(None), 10)  # the only connection, in use again by what follows
    ask()
    raw.set_progress_handler(None, 0)
    return len(steps)


@pytest.mark.slow
def test_a_pattern_that_few_names_fit_ends_a_page_early_and_the_next_one_goes_on(make_records, tmp_path, monkeypatch):
    monkeypatch.setattr("linemill.catalog.filtering.FEW", 100)
    monkeypatch.setattr("linemill.catalog.listing.CHUNKS", 0)
    history = _filled(make_records(tmp_path), 5_000)
    found, after, pages = [], None, 0
    while pages == 0 or after is not None:
        page = history.files(name_like="0000?0[0-4]0.log", after=after, limit=20)
        found += _names(page)
        after, pages = page.after, pages + 1
    history.close()
    assert found == [f"0000{thousands}0{tens}0.log" for thousands in range(4, -1, -1) for tens in range(4, -1, -1)]
    assert pages > 3


@pytest.mark.parametrize("sort", ["-since", "since", "-id"])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [({"name_like": "*00*"}, range(10)), ({"name_like": "*0[02]?"}, [*range(10), *range(20, 30)])],
)
def test_a_page_ends_where_enough_rows_were_looked_at_and_the_next_one_goes_on(
    records, history, monkeypatch, sort, filters, expected
):
    monkeypatch.setattr("linemill.catalog.filtering.FEW", 5)
    monkeypatch.setattr("linemill.catalog.listing.LOOKS", 40)
    records.files([{"name": f"{number:03}", "state": "done", "since": float(number // 8)} for number in range(100)])
    found: list[int] = []
    sizes: list[int] = []
    after = None
    while not sizes or after is not None:
        page = history.files(sort=sort, after=after, **filters)
        found += [int(name) for name in _names(page)]
        after = page.after
        sizes.append(len(page.rows))
    assert found == sorted(expected, reverse=sort.startswith("-"))
    assert len(sizes) == 3
    assert 0 in sizes


def test_a_state_that_many_are_in_is_looked_for_so_far_in_the_order_of_names(records, history, monkeypatch):
    monkeypatch.setattr("linemill.catalog.filtering.FEW", 5)
    monkeypatch.setattr("linemill.catalog.listing.LOOKS", 40)
    records.files([{"name": f"{n:03}", "state": "failed" if n >= 90 else "done", "since": 0.0} for n in range(100)])
    found, after = [], None
    for _ in range(3):
        page = history.files(state=FileState.FAILED, sort="name", after=after)
        found.append(len(page.rows))
        after = page.after
    assert (found, after) == ([0, 0, 10], None)

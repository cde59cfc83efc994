import base64
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from linemill.catalog import Catalog, schema
from linemill.catalog.cursors import written_cursor
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


@pytest.mark.parametrize("after", ["x", "", "W10", "é", "eyJhIjogMX0"])
def test_a_cursor_that_is_none_of_ours_is_refused(history, after):
    for ask in (history.files, history.letters, history.events, history.versions):
        with pytest.raises(UsageError, match="begin with the first page"):
            ask(after=after)


def test_a_cursor_of_another_list_is_refused(records, history):
    records.file("a.log")
    records.file("b.log")
    after = history.files(limit=1).after
    with pytest.raises(UsageError, match="in this list"):
        history.files(after=after, sort="name")
    with pytest.raises(UsageError, match="in this list"):
        history.letters(after=after)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("files by -since", [2**63, 1]),
        ("files by -since", [float("nan"), 1]),
        ("files by -since", ["1", 1]),
        ("files by name", ["\ud800", 1]),
        ("files by name", ["a\0", 1]),
        ("files by name", [1, 1]),
        ("files by id", [1.5, 1]),
        ("files by id", [True, 1]),
        ("files by id", [1]),
        ("letters", [{}]),
        ("letters", [-(2**64)]),
    ],
)
def test_a_cursor_that_somebody_made_up_never_reaches_the_database(history, name, place):
    after = written_cursor(name, *place)
    ask = history.letters if name == "letters" else partial(history.files, sort=name.removeprefix("files by "))
    with pytest.raises(UsageError, match="begin with the first page"):
        ask(after=after)


def test_a_cursor_that_is_a_well_of_brackets_is_refused(history):
    after = base64.urlsafe_b64encode(b"[" * 200_000).decode()
    with pytest.raises(UsageError, match="begin with the first page"):
        history.letters(after=after)


def test_what_has_no_index_is_no_sort(history):
    with pytest.raises(UsageError, match="cannot be sorted by 'lines'; there are: since, name, id"):
        history.files(sort="lines")


def test_a_file_is_found_by_all_that_it_is_called(records, history, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = records.file("a.log", found=tmp_path / "inbox/a.log", place=tmp_path / "processed/a.log")
    second = records.file("a.log", found=tmp_path / "inbox/a.log", place=tmp_path / "processed/a~2.log")
    strange = records.file("x\n.log", found=tmp_path / "x\n.log")
    digits = records.file(str(first))

    def ids(text: str) -> list[int]:
        return [row.id for row in history.find(text)]

    assert ids("a.log") == [second, first]
    assert ids("a~2.log") == [second]
    assert ids("inbox/a.log") == [second, first]
    assert ids(str(tmp_path / "processed/a~2.log")) == [second]
    assert ids("processed/a.log") == [first]
    assert ids("elsewhere/a.log") == []
    assert ids("x\n.log") == ids("x\\n.log") == ids("./x\n.log") == [strange]
    assert ids(str(first)) == [first, digits]
    assert ids("b.log") == []
    assert ids("9" * 40) == []


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


def test_letters_are_filtered_and_paged_the_newest_first(records, history):
    file_id, other = records.file("a.log"), records.file("b.log")
    attempt, another = records.attempt(file_id), records.attempt(other)
    for number in range(30):
        ours = number % 2 == 0
        node, code = ("keep", "", "odd")[number % 3], ("raised", "timeout")[number // 3 % 2]
        records.letter(file_id if ours else other, attempt if ours else another, node, code, line=number, text="\udcff")
    everything = history.letters(limit=1000).rows
    assert [row.number for row in everything] == list(range(29, -1, -1))
    assert everything[0].fields["text"] == "\udcff"
    for wanted in (
        {},
        {"node": "keep"},
        {"node": ""},
        {"code": "timeout"},
        {"node": "odd", "code": "raised"},
        {"file_id": other},
    ):
        for more in ({}, {"file_id": file_id}) if "file_id" not in wanted else ({},):
            filters: dict[str, Any] = {**wanted, **more}
            expected = [row for row in everything if all(getattr(row, key) == value for key, value in filters.items())]
            found, after = [], None
            while True:
                page = history.letters(after=after, limit=2, **filters)
                found += page.rows
                after = page.after
                if after is None:
                    break
            assert found == expected
    assert history.letters(node="nobody").rows == ()


def test_letters_are_counted_by_node_and_code(records, history):
    file_id = records.file()
    attempt = records.attempt(file_id, ended_at=7.0)
    for _ in range(3):
        last = records.letter(file_id, attempt, "keep", "raised")
    records.letter(file_id, attempt, "", "too_long")
    groups = history.letters_grouped()
    assert [(group.node, group.code, group.count) for group in groups] == [("keep", "raised", 3), ("", "too_long", 1)]
    assert (groups[0].newest.id, groups[0].newest_at) == (last, 7.0)
    assert history.letter_files("keep") == [file_id]
    assert history.letter_files("keep", "timeout") == []


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


def test_the_current_version_is_the_one_that_was_loaded_last(records, history):
    with Catalog.open(records.folder, "test") as catalog:
        old = catalog.version("old", {}, 1.0)
        new = catalog.version("new", {}, 2.0)
        assert catalog.version("old", {}, 3.0) == old
    version = history.current_version()
    assert version is not None
    assert version.id == old
    before = history.version_before(new)
    assert before is not None
    assert before.id == old
    assert history.version_before(1) is None


def test_events_of_one_file_are_told_by_themselves(records, history):
    records.event("retry", file_id=1)
    records.event("pause")
    records.event("retry", file_id=2)
    assert [event.file_id for event in history.events(file_id=2).rows] == [2]


def test_letters_of_a_line_are_found_by_its_number(records, history):
    file_id, other = records.file(), records.file()
    first, second = records.attempt(file_id), records.attempt(file_id, number=2)
    elsewhere = records.attempt(other)
    ids = [records.letter(file_id, attempt, line=line) for attempt in (first, second) for line in (7, 3)]
    records.letter(other, elsewhere, line=3)
    assert [letter.id for letter in history.letters_of_lines([first, second], [3, 4])] == [ids[1], ids[3]]
    assert [letter.id for letter in history.letters_of_file(file_id)] == [ids[3], ids[2], ids[1], ids[0]]
    assert [letter.id for letter in history.letters_of_file(file_id, 7)] == [ids[2], ids[0]]
    assert [letter.id for letter in history.letters_of_file(file_id, limit=1)] == [ids[3]]


def test_letters_are_asked_for_by_any_name_that_somebody_types(records, history):
    assert history.letters(node="\ud800", code="\0").rows == ()


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

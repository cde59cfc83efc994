from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from linemill.catalog import Catalog, schema
from linemill.catalog.history import History
from linemill.catalog.records import FileState, Kind, Wish
from linemill.errors import UsageError
from linemill.mill.control import Control, Paused, hindrance, named, paused

NOW = 1_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".linemill"


@pytest.fixture
def records(make_records: Callable[[Path], Any], folder: Path) -> Any:
    return make_records(folder)


@pytest.fixture
def history(records: Any, folder: Path) -> Iterator[History]:
    opened = History.open(folder)
    assert opened is not None
    with opened:
        yield opened


@pytest.fixture
def control(history: History, folder: Path) -> Iterator[Control]:
    with Catalog.open(folder, "test") as catalog:
        yield Control(folder, catalog, history, "me")


@pytest.fixture
def there(tmp_path: Path) -> Path:
    path = tmp_path / "a.log"
    path.write_text("a\n")
    return path


def _row(history: History, file_id: int) -> Any:
    row = history.file(file_id)
    assert row is not None
    return row


def test_a_file_that_failed_is_tried_again_at_once_and_from_the_start(records, history, control, there, folder):
    file_id = records.file(state="failed", found=there, place=there, tries=4, code="world", reason="no")
    records.attempt(file_id, state="failed")
    control.retry([_row(history, file_id)], NOW)
    row = _row(history, file_id)
    assert (row.state, row.tries, row.next_try_at, row.wish) == (FileState.READY, 0, NOW, Wish(Kind.RETRY, "me"))
    assert (folder / "wake").exists()
    assert [(event.who, event.what, event.file_id) for event in history.events().rows] == [("me", "retry", file_id)]


@pytest.mark.parametrize(
    ("state", "message"),
    [("done", "it is done [a.log]; `linemill reprocess` does it anew"), ("working", "it is working [a.log]; wait for it")],
)
def test_a_file_that_has_not_failed_is_not_tried_again(records, history, control, there, folder, state, message):
    file_id = records.file(state=state, found=there, place=there)
    with pytest.raises(UsageError) as refused:
        control.retry([_row(history, file_id)], NOW)
    assert str(refused.value) == f"the file has not failed: {message}"
    assert not (folder / "wake").exists()


@pytest.mark.parametrize("act", [Control.retry, Control.reprocess])
def test_without_its_input_a_file_cannot_be_done_again(records, history, control, tmp_path, act):
    stdin = records.file("stdin", "failed")
    deleted = records.file("b.log", "failed", found=tmp_path / "b.log")
    gone = records.file("c.log", "failed", found=tmp_path / "c.log", place=tmp_path / "failed" / "c\n.log")
    said = []
    for file_id in (stdin, deleted, gone):
        with pytest.raises(UsageError) as refused:
            act(control, [_row(history, file_id)], NOW)
        said.append(str(refused.value))
    assert said == [
        "standard input cannot be read again [stdin]",
        "its input was deleted when it was done [b.log]",
        f"its input is not there any more [{tmp_path}/failed/c\\n.log]; put it back under this name",
    ]


def test_a_file_whose_lines_are_in_a_growing_output_is_done_anew_only_if_somebody_says_so(records, history, control, there):
    file_id = records.file(found=there, place=there)
    records.output(records.attempt(file_id), Path("/out/grown"), b"a\n", name="grown", how="appended")
    with pytest.raises(UsageError, match=r"the growing output 'grown' has the lines of this file already .*--append-again"):
        control.reprocess([_row(history, file_id)], NOW)
    assert _row(history, file_id).state is FileState.DONE
    control.reprocess([_row(history, file_id)], NOW, append_again=True)
    assert _row(history, file_id).wish == Wish(Kind.REPROCESS, "me", append_again=True)


def test_what_a_redrive_added_to_the_files_own_output_does_not_keep_it_from_being_done_anew(records, history, control, there):
    file_id = records.file(found=there, place=there)
    records.output(records.attempt(file_id), Path("/out/a"), b"a\n")
    records.output(records.attempt(file_id, number=2, kind="redrive"), Path("/out/a"), b"b\n", how="appended", offset=2)
    control.reprocess([_row(history, file_id)], NOW)
    assert _row(history, file_id).wish == Wish(Kind.REPROCESS, "me")


def test_a_file_in_hand_is_not_done_anew(records, history, control, there):
    file_id = records.file(state="committed", found=there, place=there)
    with pytest.raises(UsageError, match=r"the file is committed \[a.log\]; wait for it"):
        control.reprocess([_row(history, file_id)], NOW)


def test_dead_letters_are_taken_again_where_there_are_any_that_are_meant(records, history, control):
    first, second, third = (records.file(f"{number}.log") for number in range(3))
    records.letter(first, records.attempt(first), "keep", "raised")
    records.letter(second, records.attempt(second), "keep", "timeout")
    failed = records.file("f.log", "failed")
    records.letter(failed, records.attempt(failed, state="failed"))
    assert [row.id for row in control.redrive(None, NOW, code="raised")] == [first]
    assert _row(history, first).wish == Wish(Kind.REDRIVE, "me", code="raised")
    assert [row.id for row in control.redrive([_row(history, second), _row(history, third)], NOW, node="keep")] == [second]
    with pytest.raises(UsageError, match="there are no dead letters of node 'x' with code 'raised' to take again"):
        control.redrive(None, NOW, node="x", code="raised")
    with pytest.raises(UsageError, match="only a file that is done has dead letters; this one is failed"):
        control.redrive([_row(history, failed)], NOW)


def test_a_pause_says_who_and_why_until_it_is_over(history, control, folder):
    control.pause("the disk\x1b is full", NOW)
    assert paused(history) == Paused("me", "the disk\x1b is full", NOW)
    (folder / "wake").unlink()
    assert control.resume(NOW + 1) == Paused("me", "the disk\x1b is full", NOW)
    assert (folder / "wake").exists()
    assert paused(history) is None
    assert control.resume(NOW + 2) is None
    assert [event.what for event in history.events().rows] == ["resume", "pause"]


def test_a_name_stands_for_the_newest_file_of_that_name(records, history):
    records.file("a.log")
    second = records.file("a.log")
    assert named(history, "a.log").id == second
    with pytest.raises(UsageError, match=r"the catalog has no such file \[b\\n\]; `linemill files` lists them"):
        named(history, "b\n")


@pytest.mark.parametrize(
    ("state", "may"),
    [
        ("ready", {Kind.RETRY, Kind.REPROCESS}),
        ("working", set()),
        ("committed", set()),
        ("done", {Kind.REPROCESS, Kind.REDRIVE}),
        ("failed", {Kind.RETRY, Kind.REPROCESS}),
    ],
)
def test_what_may_be_asked_for_is_what_is_not_refused(records, history, control, there, state, may):
    file_id = records.file(state=state, found=there, place=there)
    records.letter(file_id, records.attempt(file_id))
    row = _row(history, file_id)
    ask = {Kind.RETRY: control.retry, Kind.REPROCESS: control.reprocess, Kind.REDRIVE: control.redrive}
    assert {kind for kind in ask if hindrance(kind, row) is None} == may
    for kind in ask.keys() - may:
        with pytest.raises(UsageError):
            ask[kind]([row], NOW)


def test_wishes_are_taken_all_or_none(records, history, control, there, monkeypatch):
    monkeypatch.setattr("linemill.catalog.history.CHUNK", 3)
    files = [records.file(f"{number}.log", found=there, place=there) for number in range(8)]
    for file_id in files:
        records.letter(file_id, records.attempt(file_id))
    rows = history.files_by_id(files)
    records.update(schema.file, files[-1], state="working")  # since it was looked at
    with pytest.raises(UsageError, match="is being worked on"):
        control.redrive(rows, NOW)
    assert history.events().rows == ()
    assert _row(history, files[0]).state is FileState.DONE
    assert len(control.redrive(None, NOW)) == len(files) - 1
    assert _row(history, files[0]).wish == Wish(Kind.REDRIVE, "me")

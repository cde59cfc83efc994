"""The work: what it writes, what it tells of it, and that it is durable."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest
import xxhash

from linemill.errors import WorldError
from linemill.executors import places, sinks
from linemill.executors.inline import InlineExecutor
from linemill.executors.places import Chains, Ends
from linemill.executors.task import LETTERS, Resumed
from linemill.executors.traces import read_traces
from linemill.executors.work import Placed, work, work_all
from linemill.files import publishing, spans
from linemill.pipeline import DEAD_LETTERS

STEPS = """\
def keep(line: str):
    if line.startswith("bad"):
        raise ValueError(line)
    return None if line.startswith("drop") else line.upper()
"""


@pytest.fixture
def pipeline(make_pipeline):
    return make_pipeline(STEPS)


@pytest.fixture
def worked(pipeline):
    """Work on a task."""
    return lambda task: work(pipeline, task, lambda count: None)


@pytest.fixture
def synced(monkeypatch):
    """What is synced: the names of files and folders, a call each."""
    calls = []
    monkeypatch.setattr(publishing, "sync", lambda paths, folders: calls.append(({path.name for path in paths}, set(folders))))
    return calls


def _piece(path):
    data = path.read_bytes()
    return len(data), xxhash.xxh3_64_hexdigest(data)


class TestOneTask:
    def test_pieces_are_those_of_the_files(self, worked, make_task):
        task = make_task(b"a\nbad\ndrop\nb\n")
        came = worked(task)
        assert task.outputs["all"].read_bytes() == b"A\nB\n"
        assert came.pieces == {"all": _piece(task.outputs["all"]), DEAD_LETTERS: _piece(task.dead)}
        assert (came.raw_bytes, came.failure, came.is_placed) == (13, None, False)
        assert [(letter.number, letter.text) for letter in came.letters] == [(2, "bad")]

    def test_an_output_that_gets_nothing_is_an_empty_file_and_no_letters_are_no_file(self, worked, make_task):
        task = make_task(b"drop\n")
        assert worked(task).pieces == {"all": _piece(task.outputs["all"])}
        assert task.outputs["all"].read_bytes() == b""
        assert not task.dead.exists()

    def test_the_first_letters_are_told_and_all_are_written(self, worked, make_task):
        task = make_task(b"bad\n" * (LETTERS + 5))
        came = worked(task)
        assert [letter.number for letter in came.letters] == list(range(1, LETTERS + 1))
        assert task.dead.read_bytes().count(b"\n") == came.ledger.dead == LETTERS + 5

    def test_the_lines_that_were_to_be_traced_come_home_with_their_ways(self, worked, make_task):
        first, second = read_traces(worked(make_task(b"a\nbad\ndrop\nb\n", samples=(1, 2, 10))).traces)
        assert (first.number, first.text, [step.place for step in first.steps]) == (1, "a", ["keep", "all"])
        assert (second.number, second.text, [step.place for step in second.steps]) == (2, "bad", ["keep"])
        assert worked(make_task(b"a\n")).traces == b""

    def test_a_file_that_fails_brings_no_traces(self, pipeline, worked, make_task):
        came = worked(make_task(b"a\n", samples=(1,), outputs={"all": Path("/nowhere/out")}))
        assert came.failure is not None
        assert came.traces == b""

    def test_a_descriptor_has_no_piece(self, worked, make_task):
        reader, writer = os.pipe()
        came = worked(make_task(b"a\n", outputs={"all": writer}))
        assert (os.read(reader, 100), came.pieces) == (b"A\n", {})
        os.close(reader)
        os.close(writer)

    def test_one_that_fails_has_no_pieces(self, worked, make_task, tmp_path):
        came = worked(make_task(path=tmp_path / "gone"))
        assert (came.failure.code, came.pieces, came.facts) == ("vanished", {}, None)

    @pytest.mark.parametrize("count", [0, 3, 2500])
    def test_lines_that_are_handed_over_keep_their_numbers(self, worked, make_task, count):
        letters = tuple((10 + 3 * index, "bad" if index % 2 else f"line {index}") for index in range(count))
        task = make_task(b"what is in the file is not read\n", letters=letters)
        came = worked(task)
        assert (came.ledger.lines, came.raw_bytes, came.facts) == (count, 0, None)
        assert task.outputs["all"].read_text().splitlines() == [line.upper() for _, line in letters if line != "bad"]
        bad = [number for number, line in letters if line == "bad"]
        assert [letter.number for letter in came.letters] == bad[:LETTERS]
        if bad:
            assert [json.loads(line)["line"] for line in task.dead.read_bytes().splitlines()] == bad

    @pytest.mark.parametrize("count", [1, 2500])
    def test_items_go_on_from_the_node_that_they_died_at(self, worked, make_task, count):
        resumed = tuple(
            Resumed("keep", index // 2, "bad" if index % 2 else f"item {index}", f"line {index // 2}") for index in range(count)
        )
        task = make_task(b"what is in the file is not read\n", letters=((1, "a"),), resumed=resumed)
        came = worked(task)
        assert (came.ledger.lines, came.ledger.nodes["keep"].resumed, came.ledger.nodes["keep"].came) == (1, count, count + 1)
        good = [one.item.upper() for one in resumed if one.item != "bad"]
        assert task.outputs["all"].read_text().splitlines() == ["A", *good]
        bad = [one for one in resumed if one.item == "bad"]
        assert [(letter.number, letter.item, letter.text) for letter in came.letters] == [
            (one.number, "bad", one.text) for one in bad[:LETTERS]
        ]
        came.ledger.check("keep", {"keep": {"*": ("all",)}})


class TestMemory:
    HOLDS = """\
class Held:
    count = 0
    def __init__(self): Held.count += 1
    def __del__(self): Held.count -= 1

def keep(line: str) -> str:
    held = Held()
    if line == "large":
        raise MemoryError
    return str(Held.count)
"""

    @pytest.fixture
    def executor(self, make_pipeline):
        return InlineExecutor(make_pipeline(self.HOLDS), lambda: None)

    def test_it_is_given_back_before_the_next_file(self, executor, make_task):
        large, small = make_task(b"large\n"), make_task(b"small\n")
        failed, fine = executor.submit([large, small]).result()
        assert (failed.failure.code, failed.failure.may_retry, failed.ledger.dead) == ("memory", True, 0)
        assert fine.failure is None
        assert small.outputs["all"].read_text() == "1\n"


class TestGroups:
    @pytest.fixture
    def executor(self, pipeline):
        return InlineExecutor(pipeline, lambda: None)

    def test_results_come_in_order_and_a_failure_is_that_of_one(self, executor, make_task, tmp_path):
        tasks = [make_task(b"a\n"), make_task(path=tmp_path / "gone"), make_task(b"b\nc\n")]
        came = executor.submit(tasks).result()
        assert [(one.ledger.lines, one.failure and one.failure.code) for one in came] == [(1, None), (0, "vanished"), (2, None)]

    def test_all_that_was_written_is_synced_at_once(self, executor, make_task, tmp_path, synced):
        tasks = [make_task(b"a\n"), make_task(b"bad\n"), make_task(path=tmp_path / "gone")]
        executor.submit(tasks)
        assert synced == [({".out1", ".out2", ".dead2"}, {tmp_path})]

    def test_spans_are_not(self, executor, make_task, synced):
        executor.submit([make_task(b"a\nbad\n", span=span) for span in spans(6, 4)])
        assert synced == []

    def test_what_cannot_be_synced_has_come_to_nothing(self, executor, make_task, tmp_path, monkeypatch):
        def refuse(paths, folders):
            raise WorldError("no")

        monkeypatch.setattr(publishing, "sync", refuse)
        fine, gone = executor.submit([make_task(b"a\n"), make_task(path=tmp_path / "gone")]).result()
        assert (fine.code, gone.failure.code) == ("world", "vanished")

    def test_bytes_read_add_up_over_the_group(self, pipeline, make_task):
        told: list[object] = []
        group = [Placed(make_task(b"a\n")), Placed(make_task(b"b\nc\n"))]
        work_all(pipeline, group, Ends([0] * Ends.length(1), 1), lambda index: told.append(("begins", index)), told.append)
        assert list(dict.fromkeys(told)) == [("begins", 0), 2, ("begins", 1), 6]


class TestSpansInTheirPlace:
    DATA = b"a\nbad\nlonger line\ndrop\nx\n" * 3 + b"no end"

    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch):
        monkeypatch.setattr(places, "WAIT_S", 0)

    @pytest.fixture
    def cut(self, make_task, tmp_path):
        """Tasks for the spans of a file, with what tells their places."""
        path = tmp_path / "cut"
        path.write_bytes(self.DATA)
        whole = {"all": tmp_path / ".whole"}
        chains = Chains()
        tasks = [make_task(path=path, span=span, whole=whole) for span in spans(len(self.DATA), 21)]
        return [Placed(task, chains.place(task)) for task in tasks]

    @pytest.fixture
    def joined(self, pipeline, cut, tmp_path):
        """Work on the spans in an order, then copy what is not in its place; tell which were."""

        def apply(order):
            ends = Ends([0] * Ends.length(1), 1)
            came = {index: work(pipeline, cut[index].task, lambda count: None, cut[index].place, ends) for index in order}
            length = 0
            whole = tmp_path / ".whole"
            whole.touch()
            with open(whole, "r+b") as out:
                for index in range(len(cut)):
                    own = cut[index].task.outputs["all"]
                    out.seek(length)
                    assert came[index].is_placed is not own.exists()
                    if came[index].is_placed:
                        assert came[index].starts == {"all": length}
                        data = out.read(came[index].pieces["all"][0])
                    else:
                        data = own.read_bytes()
                        out.write(data)
                    assert came[index].pieces["all"] == (len(data), xxhash.xxh3_64_hexdigest(data))
                    length += len(data)
            assert whole.stat().st_size == length
            return whole.read_bytes(), [came[index].is_placed for index in range(len(cut))]

        return apply

    @pytest.fixture
    def expected(self, worked, make_task):
        task = make_task(self.DATA)
        worked(task)
        return task.outputs["all"].read_bytes()

    @pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
    def test_in_whatever_order_they_end_the_whole_is_the_same(self, joined, cut, expected, order):
        assert len(cut) == 4
        data, placed = joined(order)
        assert data == expected
        # One is in its place as soon as all before it were worked before it.
        assert placed == [_in_turn(order, index) for index in range(4)]

    def test_what_does_not_fit_into_memory_still_tells_the_next_one_its_place(self, joined, expected, monkeypatch):
        monkeypatch.setattr(sinks, "HELD_BYTES", 15)
        data, placed = joined(range(4))
        assert data == expected
        assert placed == [True, False, False, True]

    def test_a_span_that_fails_keeps_nobody_waiting(self, make_pipeline, cut):
        ends = Ends([0] * Ends.length(1), 1)
        fails = make_pipeline("def keep(line: str):\n    raise MemoryError\n")
        came = work(fails, cut[0].task, lambda count: None, cut[0].place, ends)
        assert came.failure is not None
        assert came.failure.code == "memory"
        assert not came.is_placed
        assert ends.ask(cut[0].place.number) == []

    def test_a_full_disk_is_told(self, pipeline, make_task, tmp_path):
        task = make_task(b"a\n", span=spans(2, 2)[0], whole={"all": tmp_path / "no folder" / ".whole"})
        came = work(pipeline, task, lambda count: None, Chains().place(task), Ends([0] * Ends.length(1), 1))
        assert came.failure is not None
        assert (came.failure.code, came.is_placed, came.pieces) == ("cannot_write", False, {})


def _in_turn(order, index):
    return all(order.index(before) < order.index(before + 1) for before in range(index))

import codecs
import gzip
import os
from dataclasses import replace
from pathlib import Path

import pytest
import xxhash

from linemill.catalog.records import Commit, How, Kind, Origin
from linemill.engine import DeadCode, DeadLetter
from linemill.errors import BadInput, InvariantBroken, LinemillError, WorldError
from linemill.executors.inline import InlineExecutor
from linemill.executors.letters import letter_line
from linemill.executors.traces import read_traces
from linemill.files import Span
from linemill.mill.job import Job, Place, where_of
from linemill.mill.joining import TRACES
from linemill.mill.pool import spans_of

LINES = b"a line\n" * 10

GROWING = """\
nodes:
  keep: {use: "steps:keep", to: [all, grown]}
outputs:
  all: out/{name}
  grown: out/grown.log
"""

BAD = """\
def keep(line: str):
    if line.startswith("bad"):
        raise ValueError(line)
    return line
"""


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, "0123abcd", None, {})


@pytest.fixture
def make_job(make_pipeline, make_claim, place):
    """A job for a file with some bytes, of a pipeline that lets every line pass."""

    def apply(data, span_bytes=None, claim=None, **pipeline):
        loaded = make_pipeline(**pipeline)
        return loaded, Job(make_claim(data, **(claim or {})), loaded, replace(place, span_bytes=span_bytes))

    return apply


def _spans(job):
    return [task.span for task in job.tasks()]


class TestTasks:
    @pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
    def test_a_large_file_is_cut_into_spans(self, make_job, mark):
        size = len(mark + LINES)
        _, job = make_job(mark + LINES, 30)
        assert _spans(job) == [Span(0, 7), Span(7, 22), Span(22, 44), Span(44, size)]

    @pytest.mark.parametrize(
        "data",
        [LINES[:60], gzip.compress(os.urandom(500)), codecs.BOM_UTF16_LE + LINES.decode().encode("utf-16-le")],
        ids=["not so large", "archive", "utf-16"],
    )
    def test_what_is_small_or_of_another_kind_stays_in_one_piece(self, make_job, data):
        _, job = make_job(data, 30)
        assert _spans(job) == [None]

    def test_a_file_that_may_not_be_cut_stays_in_one_piece(self, make_job):
        _, job = make_job(LINES, None)
        assert _spans(job) == [None]

    def test_what_is_no_regular_file_is_not_cut(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        assert [spans_of(path) for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing")] == [[], [], []]

    def test_it_is_told_how_a_file_would_be_cut(self, tmp_path):
        (tmp_path / "in").write_bytes(LINES)
        assert [len(spans_of(tmp_path / "in", span_bytes)) for span_bytes in (10, 30, 34, 35, 100)] == [9, 4, 4, 0, 0]

    def test_hidden_files_lie_beside_their_targets_and_have_names_of_their_own(self, make_job, tmp_path):
        _, job = make_job(LINES, 30)
        tasks = list(job.tasks())
        hidden = [path for task in tasks for path in (*task.outputs.values(), task.dead)]
        hidden += (tasks[0].whole or {}).values()
        assert len(set(hidden)) == len(hidden) == 9
        assert {path.parent for path in hidden} == {tmp_path / "out", tmp_path / "dead"} == set(map(Path, job.folders()))

    def test_an_output_that_goes_to_a_stream_has_no_hidden_file(self, make_pipeline, make_claim, place, tmp_path):
        job = Job(make_claim(), make_pipeline(), replace(place, streams={"all": 7}))
        (task,) = job.tasks()
        assert task.outputs == {"all": 7}
        assert job.folders() == {str(tmp_path / "dead")}
        assert job.whole_targets() == [tmp_path / "dead/in.jsonl"]

    def test_targets_are_told_whole_or_growing(self, make_job, tmp_path):
        _, job = make_job(LINES, text=GROWING)
        assert job.growing_targets() == [tmp_path / "out/grown.log"]
        assert job.whole_targets() == [tmp_path / "out/in", tmp_path / "dead/in.jsonl"]

    def test_a_file_that_cannot_be_looked_at_is_left_to_whoever_reads_it(self, make_job, tmp_path):
        _, job = make_job(LINES, 30)
        (tmp_path / "in").unlink()
        (tmp_path / "in").symlink_to("in")
        assert [task.span for task in job.tasks()] == [None]


class TestWhatIsCommitted:
    @pytest.mark.parametrize("span_bytes", [None, 30])
    def test_what_is_staged_is_told_with_its_checksums(self, make_job, worked, tmp_path, span_bytes):
        pipeline, job = make_job(LINES, span_bytes)
        commit = worked(job, pipeline).commit()
        assert isinstance(commit, Commit)
        (output,) = commit.outputs
        assert output.staged.read_bytes() == LINES
        assert (output.name, output.how, output.target) == ("all", How.WHOLE, tmp_path / "out/in")
        assert (output.bytes, output.lines, commit.raw_bytes) == (len(LINES), 10, len(LINES))
        if span_bytes is None:
            assert output.pieces == ((len(LINES), xxhash.xxh3_64_hexdigest(LINES)),)
        assert sum(length for length, _ in output.pieces) == len(LINES)
        assert not (tmp_path / "out/in").exists()
        assert not list(tmp_path.glob("dead/.*"))

    def test_dead_letters_are_an_output_and_come_last(self, make_job, worked, tmp_path):
        pipeline, job = make_job(b"a\nbad\n", steps=BAD)
        commit = worked(job, pipeline).commit()
        assert [(output.name, output.lines) for output in commit.outputs] == [("all", 1), ("dead letters", 1)]
        assert commit.outputs[1].target == tmp_path / "dead/in.jsonl"
        assert [letter.number for letter in commit.letters] == [2]
        assert commit.obsolete == ()

    @pytest.mark.parametrize("span_bytes", [None, 30])
    def test_the_ways_of_sampled_lines_are_told_with_their_numbers_in_the_file(self, make_job, worked, span_bytes):
        pipeline, job = make_job(b"".join(b"line %d\n" % number for number in range(1, 12)), span_bytes)
        traced = read_traces(worked(job, pipeline).commit().traces)
        assert [line.number for line in traced] == ([1, 10] if span_bytes is None else [1, 2, 5, 8])
        assert all(line.text == f"line {line.number}" == line.steps[-1].came[0] for line in traced)

    def test_of_a_re_drive_the_first_lines_that_it_takes_are_told(self, make_job, worked, tmp_path):
        letters = [DeadLetter(number, "keep", DeadCode.RAISED, "ValueError", "good") for number in range(2, 60, 2)]
        (tmp_path / "dead").mkdir()
        (tmp_path / "dead/in.jsonl").write_bytes(b"".join(letter_line(letter, "in") for letter in letters))
        pipeline, job = make_job(LINES, claim={"kind": Kind.REDRIVE})
        traced = read_traces(worked(job, pipeline).commit().traces)
        assert [line.number for line in traced] == [letter.number for letter in letters[:TRACES]]

    def test_an_empty_output_is_a_file_but_adds_nothing_where_it_grows(self, make_job, worked):
        pipeline, job = make_job(b"", text=GROWING)
        commit = worked(job, pipeline).commit()
        assert [(output.name, output.bytes) for output in commit.outputs] == [("all", 0)]

    def test_lines_are_appended_where_the_output_grows(self, make_job, worked):
        pipeline, job = make_job(LINES, text=GROWING)
        commit = worked(job, pipeline).commit()
        assert [(output.name, output.how) for output in commit.outputs] == [("all", How.WHOLE), ("grown", How.APPENDED)]

    @pytest.mark.parametrize(
        ("origin", "kind", "may_replace", "obsolete"),
        [
            (Origin.GIVEN, Kind.FIRST, True, ["dead/in.jsonl"]),
            (Origin.INBOX, Kind.FIRST, False, []),
            (Origin.INBOX, Kind.RETRY, False, ["dead/in.jsonl"]),
            (Origin.INBOX, Kind.REPROCESS, True, ["dead/in.jsonl"]),
        ],
    )
    def test_what_an_earlier_attempt_left_is_replaced_and_a_strangers_file_is_not(
        self, make_job, worked, tmp_path, origin, kind, may_replace, obsolete
    ):
        pipeline, job = make_job(LINES, claim={"origin": origin, "kind": kind})
        commit = worked(job, pipeline).commit()
        assert [output.may_replace for output in commit.outputs] == [may_replace]
        assert [str(path.relative_to(tmp_path)) for path in commit.obsolete] == obsolete

    @pytest.mark.parametrize(
        ("after", "goes"),
        [("keep", (None, False)), ("delete", (None, True)), ("move", ("processed/in~2", False))],
    )
    def test_the_input_goes_where_the_pipeline_says_and_one_that_was_named_stays(self, make_job, worked, tmp_path, after, goes):
        text = f'nodes:\n  keep: {{use: "steps:keep", to: all}}\noutputs:\n  all: out/{{name}}\nwatch: {{after: {after}}}\n'
        for origin, expected in ((Origin.INBOX, goes), (Origin.GIVEN, (None, False))):
            pipeline, job = make_job(LINES, claim={"origin": origin, "life_name": "in~2"}, text=text)
            commit = worked(job, pipeline).commit()
            moves_to = commit.moves_to and str(commit.moves_to.relative_to(tmp_path))
            assert (moves_to, commit.deletes) == expected

    def test_counts_that_do_not_agree_with_the_staged_file_stop_everything(self, make_job, worked):
        pipeline, job = make_job(LINES)
        worked(job, pipeline)
        (output,) = [path for path in map(Path, job.folders()) if path.name == "out"]
        (staged,) = output.iterdir()
        staged.write_bytes(LINES[:-1])
        failure = job.commit()
        assert isinstance(failure, InvariantBroken)
        assert "the staged file has 69 bytes, the ledger 70" in str(failure)

    def test_more_dead_letters_than_the_budget_allows_fail_the_file(self, make_job, worked):
        pipeline, job = make_job(b"bad one\nbad two\n", steps=BAD)
        failure = worked(job, pipeline).commit()
        assert isinstance(failure, LinemillError)
        assert failure.code == "budget"
        assert "the first is line 1, keep: ValueError: bad one" in str(failure)


class TestFailures:
    def test_no_more_tasks_are_given_after_one_has_failed(self, make_job, tmp_path):
        losing = 'def keep(lines: list[str]):\n    return [] if "b" in lines else lines\n'
        pipeline, job = make_job(b"a\n" * 30 + b"b\n" * 30, 20, steps=losing)
        (tmp_path / "out").mkdir()
        executor = InlineExecutor(pipeline, lambda: None)
        given = []
        for task in job.tasks():
            given.append(task.span)
            job.take(task, executor.submit([task]).result()[0])
        assert given == [Span(0, 5), Span(5, 15), Span(15, 30), Span(30, 50), Span(50, 70)]
        failure = job.commit()
        assert isinstance(failure, LinemillError)
        assert failure.code == "batch_length"
        assert "lines 1 to 10, in the part of the file from byte 50 on" in str(failure)

    def test_a_file_that_is_exchanged_between_two_spans_fails(self, make_job, tmp_path):
        pipeline, job = make_job(LINES, 30)
        (tmp_path / "out").mkdir()
        executor = InlineExecutor(pipeline, lambda: None)
        for task in job.tasks():
            if task.span is not None and task.span.start == 22:
                (tmp_path / "new").write_bytes(LINES)
                os.replace(tmp_path / "new", tmp_path / "in")
            job.take(task, executor.submit([task]).result()[0])
        failure = job.commit()
        assert isinstance(failure, BadInput)
        assert failure.code == "changed"

    @pytest.mark.parametrize("span_bytes", [None, 30])
    def test_a_hidden_file_that_somebody_removed_fails_the_file(self, make_job, worked, tmp_path, span_bytes):
        pipeline, job = make_job(LINES, span_bytes)
        worked(job, pipeline)
        for path in tmp_path.glob("out/.linemill-*.part"):
            path.unlink()
        failure = job.commit()
        assert isinstance(failure, WorldError)
        assert failure.code == "cannot_write"

    def test_a_task_that_could_not_be_done_at_all_fails_the_file(self, make_job):
        _, job = make_job(LINES)
        (task,) = job.tasks()
        died = WorldError("the worker process died", code="worker_died")
        job.take(task, died)
        job.fail(WorldError("told later"))
        assert job.commit() is died

    def test_the_reason_names_the_file_as_people_here_would(self, make_job, worked, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        pipeline, job = make_job(b"\x1f\x8b\x08 no archive")
        failure = worked(job, pipeline).commit()
        assert isinstance(failure, BadInput)
        assert failure.where == "in"

    @pytest.mark.parametrize("span_bytes", [None, 30])
    def test_discarding_leaves_nothing_and_may_be_repeated(self, make_job, worked, tmp_path, span_bytes):
        pipeline, job = make_job(b"a\nbad\n" * 20, span_bytes, steps=BAD)
        worked(job, pipeline)
        (tmp_path / "out/mine").touch()
        for _ in range(2):
            job.discard()
        assert [path.name for path in tmp_path.glob("*/*")] == ["mine"]


class TestTakingUpAgain:
    def test_spans_that_are_durable_are_not_worked_again(self, make_job, make_claim, make_pipeline, place, worked, tmp_path):
        pipeline, job = make_job(b"a\nbad\n" * 20, 30, steps=BAD, text=TOLERANT)
        executor = InlineExecutor(pipeline, lambda: None)
        for folder in map(Path, job.folders()):
            folder.mkdir()
        tasks = job.tasks()
        for _ in range(2):
            task = next(tasks)
            job.take(task, executor.submit([task]).result()[0])
        spans = job.durable(wait=True)
        assert [(span.index, span.start, span.end) for span in spans] == [(0, 0, 7), (1, 7, 22)]
        assert (job.durable(wait=True), job.is_saved) == ([], True)
        with open(next(tmp_path.glob("out/.*")), "ab") as torn:
            torn.write(b"of a span that was not durable\n")
        again = Job(replace(job.claim, spans=tuple(spans)), pipeline, replace(place, span_bytes=30))
        assert [task.span for task in again.tasks()] == [Span(22, 44), Span(44, 74), Span(74, 104), Span(104, 120)]
        again = worked(Job(replace(job.claim, spans=tuple(spans)), pipeline, replace(place, span_bytes=30)), pipeline)
        commit = again.commit()
        assert isinstance(commit, Commit)
        assert [output.lines for output in commit.outputs] == [20, 20]
        assert commit.outputs[0].staged.read_bytes() == b"a\n" * 20
        assert (commit.ledger.lines, commit.ledger.dead) == (40, 20)
        assert commit.outputs[1].staged.read_bytes().count(b"\n") == 20

    def test_the_dead_letters_of_durable_spans_are_told_too(self, make_job, worked, place):
        pipeline, job = make_job(b"a\nbad\n" * 20, 30, steps=BAD, text=TOLERANT)
        spans = worked(job, pipeline).durable(wait=True)
        again = worked(Job(replace(job.claim, spans=tuple(spans)), pipeline, replace(place, span_bytes=30)), pipeline)
        commit = again.commit()
        assert isinstance(commit, Commit)
        assert [letter.number for letter in commit.letters] == list(range(2, 41, 2))

    def test_spans_that_were_cut_otherwise_are_worked_again(self, make_job, worked, place):
        pipeline, job = make_job(LINES, 30)
        spans = worked(job, pipeline).durable(wait=True)
        again = Job(replace(job.claim, spans=tuple(spans)), pipeline, replace(place, span_bytes=40))
        commit = worked(again, pipeline).commit()
        assert isinstance(commit, Commit)
        assert commit.outputs[0].staged.read_bytes() == LINES
        assert commit.ledger.lines == 10

    def test_all_is_worked_again_where_what_was_durable_is_gone(self, make_job, worked, place, tmp_path):
        pipeline, job = make_job(LINES, 30)
        spans = worked(job, pipeline).durable(wait=True)
        assert len(spans) == 4
        next(tmp_path.glob("out/.*")).write_bytes(b"cut")
        again = Job(replace(job.claim, spans=tuple(spans)), pipeline, replace(place, span_bytes=30))
        commit = worked(again, pipeline).commit()
        assert isinstance(commit, Commit)
        assert commit.outputs[0].staged.read_bytes() == LINES
        assert commit.ledger.lines == 10


def test_a_file_is_named_from_the_current_folder_if_it_is_in_it(make_claim, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    claim = make_claim(name="new\nline")
    assert where_of(claim) == "new\\nline"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert where_of(claim) == f"{tmp_path}/new\\nline"
    assert where_of(replace(claim, found=None, name="stdin")) == "stdin"


TOLERANT = """\
nodes:
  keep: {use: "steps:keep", to: all}
outputs:
  all: out/{name}
errors: {budget: 100%}
"""

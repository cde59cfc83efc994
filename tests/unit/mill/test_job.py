import codecs
import gzip
import os
from datetime import date

import pytest

from linemill.errors import WorldError
from linemill.executors.work import work
from linemill.files import Span, Stage
from linemill.mill.job import Job, spans_of
from linemill.mill.targets import targets_of

LINES = b"a line\n" * 10


@pytest.fixture
def stage():
    with Stage() as opened:
        yield opened


@pytest.fixture
def make_job(make_pipeline, tmp_path, stage):
    """A job for a file with some bytes, of a pipeline that lets every line pass."""

    def apply(data, span_bytes, **pipeline):
        loaded = make_pipeline(**pipeline)
        (tmp_path / "in").write_bytes(data)
        return loaded, Job(
            loaded, tmp_path / "in", "in", targets_of(loaded, "in", tmp_path, date(2025, 3, 1)), stage, {}, span_bytes
        )

    return apply


def _spans(job):
    return [task.span for task in job.tasks()]


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_large_file_is_cut_into_spans(make_job, mark):
    size = len(mark + LINES)
    _, job = make_job(mark + LINES, 30)
    assert _spans(job) == [Span(0, 30), Span(30, 60), Span(60, size)]


@pytest.mark.parametrize(
    "data",
    [LINES[:60], gzip.compress(os.urandom(500)), codecs.BOM_UTF16_LE + LINES.decode().encode("utf-16-le")],
    ids=["not so large", "archive", "utf-16"],
)
def test_what_is_small_or_of_another_kind_stays_in_one_piece(make_job, data):
    _, job = make_job(data, 30)
    assert _spans(job) == [None]


def test_a_file_that_may_not_be_cut_stays_in_one_piece(make_job):
    _, job = make_job(LINES, None)
    assert _spans(job) == [None]


def test_what_is_no_regular_file_counts_as_one_span(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert [spans_of(path) for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing")] == [1, 1, 1]


def test_spans_are_counted_as_they_would_be_cut(tmp_path):
    (tmp_path / "in").write_bytes(LINES)
    assert [spans_of(tmp_path / "in", span_bytes) for span_bytes in (10, 30, 34, 35, 100)] == [7, 3, 3, 1, 1]


def test_no_more_tasks_are_given_after_one_has_failed(make_job):
    pipeline, job = make_job(b"a\n" * 30 + b"b\n" * 30, 20, text=BATCHES, steps=LOSING)
    given = []
    for task in job.tasks():
        given.append(task)
        job.take(task, work(pipeline, task, lambda count: None))
    assert [task.span for task in given] == [Span(0, 20), Span(20, 40), Span(40, 60), Span(60, 80)]
    report = job.finish()
    assert report.failure.code == "batch_length"
    assert "lines 1 to 10, in the part of the file from byte 60 on" in report.failure.what


def test_a_file_that_is_exchanged_between_two_spans_fails(make_job, tmp_path):
    pipeline, job = make_job(LINES, 30)
    for task in job.tasks():
        if task.span.start == 30:
            (tmp_path / "new").write_bytes(LINES)
            os.replace(tmp_path / "new", tmp_path / "in")
        job.take(task, work(pipeline, task, lambda count: None))
    assert job.finish().failure.code == "changed"


@pytest.mark.parametrize("span_bytes", [None, 30])
def test_a_hidden_file_that_somebody_removed_fails_the_file(make_job, tmp_path, span_bytes):
    pipeline, job = make_job(LINES, span_bytes)
    for task in job.tasks():
        job.take(task, work(pipeline, task, lambda count: None))
        for path in tmp_path.glob("out/.linemill-*.part"):
            path.unlink()
    report = job.finish()
    assert report.failure.code == "world"
    assert report.published == ()
    assert not (tmp_path / "out/in").exists()
    assert list(tmp_path.glob("*/*.part")) == []


def test_a_task_that_could_not_be_done_at_all_fails_the_file(make_job, tmp_path):
    _, job = make_job(LINES, None)
    (task,) = job.tasks()
    job.take(task, WorldError("the worker process died", code="worker_died"))
    report = job.finish()
    assert (report.failure.code, report.failure.may_retry, report.published) == ("worker_died", True, ())
    assert list(tmp_path.glob("*/*.part")) == []


BATCHES = """\
nodes:
  keep: {use: "steps:keep", to: all}
outputs:
  all: out/{name}
"""
LOSING = """\
def keep(lines: list[str]):
    return [] if "b" in lines else lines
"""

import multiprocessing
from concurrent.futures import wait

import pytest

from linemill.executors.local import LocalExecutor
from linemill.executors.task import Task
from linemill.pipeline import load

PIPELINE = """\
nodes:
  keep: {use: "steps:keep", to: all}
outputs:
  all: out/{name}
"""
STEPS = """\
def keep(line: str) -> str:
    return line
"""


@pytest.fixture
def executor(tmp_path):
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    (tmp_path / "steps.py").write_text(STEPS)
    made = LocalExecutor(load(tmp_path / "pipeline.yaml"), None, 2)
    yield made
    made.close()


@pytest.fixture
def task(tmp_path):
    for name, data in (("in", b"a\nb\n"), ("out", b""), ("dead", b"")):
        (tmp_path / name).write_bytes(data)
    return Task(tmp_path / "in", "in", None, {"all": tmp_path / "out"}, tmp_path / "dead")


def _ended(executor, future):
    while not wait([future], timeout=0.05).done:
        executor.look()
    return future


def test_a_task_is_done_elsewhere(executor, task, tmp_path):
    (worked,) = _ended(executor, executor.submit([task])).result()
    assert (worked.ledger.lines, worked.raw_bytes, worked.failure, worked.letters) == (2, 4, None, ())
    assert (tmp_path / "out").read_bytes() == b"a\nb\n"
    assert executor.reached() == 0


def test_workers_that_die_with_nothing_in_hand_are_replaced(executor, task):
    for worker in multiprocessing.active_children():
        worker.kill()
        worker.join()
    assert _ended(executor, executor.submit([task])).result()[0].ledger.lines == 2


def test_a_pipeline_that_was_changed_is_not_run_as_if_it_were_the_same(executor, task, tmp_path):
    (tmp_path / "pipeline.yaml").write_text(PIPELINE + "# another\n")
    (error,) = _ended(executor, executor.submit([task])).result()
    assert error.code == "pipeline_changed"


def test_no_process_is_left_after_the_end(executor, task):
    _ended(executor, executor.submit([task]))
    executor.close()
    assert multiprocessing.active_children() == []

import os
import sys
import threading

import pytest

from linemill.executors.prints import prints_on_stderr
from linemill.mill import once
from linemill.mill.once import run
from linemill.mill.pool import size_for


@pytest.fixture
def inputs(tmp_path):
    """Some files of 700 kB, each more than one block."""
    paths = [tmp_path / f"{number}.log" for number in range(3)]
    for path in paths:
        path.write_bytes(b"a line\n" * 100_000)
    return paths


def test_progress_never_goes_back_and_never_says_too_much(make_pipeline, inputs, monkeypatch):
    monkeypatch.setattr(once, "TICK_S", 0.0)
    seen: list[once.Progress] = []
    run(make_pipeline(), inputs, on_progress=seen.append)
    done = [progress.done_bytes for progress in seen]
    assert done == sorted(done)
    assert done[-1] == seen[-1].total_bytes == 2_100_000
    assert len(set(done)) > 6
    assert {progress.total_files for progress in seen} == {3}
    assert all(progress.done_files * 700_000 <= progress.done_bytes for progress in seen)


def test_a_file_is_reported_as_soon_as_it_is_published(make_pipeline, inputs, tmp_path):
    seen = []

    def look(report):
        assert report.published[0].path.read_bytes() == b"a line\n" * 100_000
        seen.append((report.name, len(list((tmp_path / "out").glob("[0-9]*")))))

    reports = run(make_pipeline(), inputs, on_report=look)
    assert seen == [("0.log", 1), ("1.log", 2), ("2.log", 3)]
    assert [report.name for report in reports] == ["0.log", "1.log", "2.log"]
    assert all(report.seconds > 0 for report in reports)


def test_a_stop_keeps_what_is_done_and_leaves_nothing_of_the_rest(make_pipeline, inputs, tmp_path):
    stop = threading.Event()
    with pytest.raises(KeyboardInterrupt):
        run(make_pipeline(), inputs, on_report=lambda report: stop.set(), stop=stop)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0.log"]
    assert list((tmp_path / "dead").iterdir()) == []


def test_many_files_do_not_add_up_to_open_ones(make_pipeline, tmp_path):
    paths = [tmp_path / f"{number}" for number in range(200)]
    for path in paths:
        path.write_bytes(b"a\n")
    opened = []
    run(make_pipeline(), paths, on_report=lambda report: opened.append(len(os.listdir("/proc/self/fd"))))
    assert len(opened) == 200
    assert max(opened) == min(opened)


@pytest.mark.parametrize(
    ("sizes", "asked", "cores", "workers"),
    [
        ([10], None, 8, None),
        ([10, 10, 10], None, 8, None),
        ([10] * 6, 4, 2, 4),
        ([10], 4, 8, 2),
        ([2**26], 1, 8, None),
        ([2**26], None, 16, 6),
        ([2**26], None, 2, 2),
        ([2**24] * 3, None, 8, 3),
        ([2**30], None, 1, None),
    ],
)
def test_workers_follow_the_cores_and_the_work_or_what_the_user_says(
    make_pipeline, tmp_path, monkeypatch, sizes, asked, cores, workers
):
    paths = [tmp_path / str(number) for number in range(len(sizes))]
    for path, size in zip(paths, sizes, strict=True):
        path.touch()
        os.truncate(path, size)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert size_for(make_pipeline(), paths, asked, None) == workers


def test_standard_streams_and_a_lone_pipe_are_worked_in_this_process(make_pipeline, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.log").touch()
    os.truncate(tmp_path / "a.log", 2**30)
    pipeline = make_pipeline()
    assert size_for(pipeline, [None], 4, None) is None
    assert size_for(pipeline, [tmp_path / "a.log"], 4, "all") is None
    assert size_for(pipeline, [tmp_path / "pipe"], None, None) is None


def test_prints_are_on_standard_error_only_for_as_long_as_the_work_lasts(capfd):
    print("before")
    with prints_on_stderr() as kept:
        print("meanwhile")
        os.write(1, b"by descriptor\n")
        assert kept is not None
        os.write(kept, b"data\n")
    print("after", flush=True)
    sys.stdout.flush()
    out, err = capfd.readouterr()
    assert (out, err) == ("before\ndata\nafter\n", "meanwhile\nby descriptor\n")

import pytest

from linemill.pipeline import (
    After,
    Budget,
    HistorySettings,
    InputSettings,
    OnError,
    Retry,
    Tries,
    UploadSettings,
    WatchSettings,
    WorkerSettings,
)

GOOD = "nodes:\n  a: {use: p:up, to: out}\noutputs: {out: 'out/{name}'}\n"


def test_everything_has_a_default(project):
    pipeline = project.load(GOOD)
    assert pipeline.name == project.folder.name
    assert pipeline.input == InputSettings()
    assert pipeline.budget == Budget()
    assert pipeline.watch == WatchSettings()
    assert pipeline.tries == Tries(attempts=4, backoff_s=2.0)
    assert pipeline.workers == WorkerSettings(count=None, memory_limit=None, stall_timeout_s=600.0)
    assert pipeline.history == HistorySettings(age_s=90 * 86_400.0, files=1_000_000)
    assert pipeline.upload == UploadSettings(max_size=2**30, quota=10 * 2**30, suffixes=())
    assert pipeline.path == project.path
    assert pipeline.text == GOOD


def test_every_section_is_read(project):
    pipeline = project.load(
        "name: logs\n"
        + GOOD
        + "errors: {budget: 2.5%, attempts: 7, backoff: 500ms}\n"
        + "watch: {inbox: in, include: ['*.log', '*.gz'], settle: 500ms, after: keep, processing: ../work, processed: in/done,\n"
        + "  failed: /bad, marker: .done, min_free: 1 GiB, stop_timeout: 0}\n"
        + "input: {encoding: latin-1, max_line: 64kB, max_size: 2 GiB}\n"
        + "workers: {count: 3, memory_limit: 512 MiB, stall_timeout: 1h}\n"
        + "history: {age: 7d, files: 1000}\n"
        + "upload: {max_size: 10MB, quota: 1GB, suffixes: [.LOG, .log.gz]}\n"
    )
    assert pipeline.name == "logs"
    assert pipeline.budget == Budget(share=0.025, least=10)
    assert pipeline.watch == WatchSettings(
        "in", ("*.log", "*.gz"), 0.5, After.KEEP, "../work", "in/done", "/bad", ".done", 2**30, stop_timeout_s=0.0
    )
    assert pipeline.tries == Tries(attempts=7, backoff_s=0.5)
    assert pipeline.workers == WorkerSettings(count=3, memory_limit=512 * 2**20, stall_timeout_s=3600.0)
    assert pipeline.history == HistorySettings(age_s=604_800.0, files=1000)
    assert pipeline.upload == UploadSettings(10**7, 10**9, (".log", ".log.gz"))
    assert pipeline.input == InputSettings("latin-1", 64_000, 2 * 2**30)


@pytest.mark.parametrize(
    ("written", "budget"),
    [
        ("1%", Budget(0.01, 10)),
        ("'100 %'", Budget(1.0, 10)),
        ("0%", Budget(0.0, 0)),
        ("0", Budget(0.0, 0)),
        ("5", Budget(0.0, 5)),
    ],
)
def test_a_budget_is_a_share_or_a_count(project, written, budget):
    assert project.load(f"{GOOD}errors: {{budget: {written}}}\n").budget == budget


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("1s", 1.0), ("500ms", 0.5), ("2m", 120.0), ("1 h", 3600.0), ("2d", 172_800.0), ("3", 3.0), ("0.25", 0.25)],
)
def test_a_time_has_a_unit_or_is_in_seconds(project, written, seconds):
    assert project.node("p:up", f"line_timeout: {written}").line_timeout_s == seconds


@pytest.mark.parametrize(
    ("written", "size"), [("1", 1), ("16 MiB", 16 * 2**20), ("64kB", 64_000), ("1.5 KiB", 1536), ("3b", 3), ("2TB", 2 * 10**12)]
)
def test_a_size_has_a_unit_or_is_in_bytes(project, written, size):
    assert project.load(f"{GOOD}input: {{max_line: {written}}}\n").input.max_line == size


@pytest.mark.parametrize("written", [".inf", ".nan", "1e300", "'99999h'", "true", "-1"])
def test_a_time_beyond_all_sense_is_refused(project, written):
    assert "wants a time of at most 366 days" in project.refused_node("p:up", f"line_timeout: {written}")


def test_the_options_of_a_node_are_read(project):
    project.write(
        "q.py", "async def fetch(line: str): return line\ndef gen(lines): yield from lines\nclass Busy(Exception): pass\n"
    )
    node = project.node(
        "q:fetch", "max_yield: 3, concurrency: 8, retry: {on: [OSError, 'q:Busy', q.Busy], attempts: 2, wait: 1s, wait_max: 1m}"
    )
    assert (node.max_yield, node.concurrency) == (3, 8)
    assert isinstance(node.retry, Retry)
    assert [each.__name__ for each in node.retry.on] == ["OSError", "Busy", "Busy"]
    assert (node.retry.attempts, node.retry.wait_s, node.retry.wait_max_s) == (2, 1.0, 60.0)
    assert project.node("q:gen", "on_error: restart").on_error is OnError.RESTART


def test_outputs_are_short_or_long(project):
    pipeline = project.load(
        "nodes:\n  a: {use: p:up, to: [x, y]}\noutputs:\n  x: out/{stem}-{date}.txt\n  y: {path: 'all-{date}.log'}\n"
    )
    assert [(output.name, output.path, output.is_growing) for output in pipeline.outputs] == [
        ("x", "out/{stem}-{date}.txt", False),
        ("y", "all-{date}.log", True),
    ]


def test_one_path_by_two_spellings_is_one_path(project):
    text = "nodes:\n  a: {use: p:up, to: [x, y]}\noutputs:\n  x: out/{name}\n  y: "
    for spelling in ("./out/{name}", "out//{name}", "out/a/../{name}", f"{project.folder}/out/{{name}}"):
        message = project.refusal(f"{text}'{spelling}'\n")
        assert "output " in message
        assert 'outputs.y: output "x" has the path' in message


def test_two_outputs_may_have_paths_that_only_look_alike(project):
    pipeline = project.load("nodes:\n  a: {use: p:up, to: [x, y]}\noutputs: {x: 'out/{name}', y: 'out/{stem}'}\n")
    assert len(pipeline.outputs) == 2


@pytest.mark.parametrize("path", ["/", ".", "..", "out/", "out/.", "a/{name}/"])
def test_an_output_is_never_a_folder(project, path):
    message = project.refusal(f"nodes:\n  a: {{use: p:up, to: x}}\noutputs: {{x: '{path}'}}\n")
    assert f'outputs.x: "{path}" is a folder, wants a file' in message


def test_more_nodes_than_a_person_writes_are_refused(project):
    nodes = "".join(f"  n{number}: {{use: p:up, to: drop}}\n" for number in range(1001))
    assert project.refusal(f"nodes:\n{nodes}") == "pipeline.yaml:2:3: there are more than 1000 nodes"
    items = "".join(f"- {{tag: n{number}, type: p.up}}\n" for number in range(1001))
    assert project.refusal(f"nodes:\n{items}") == "pipeline.yaml:2:1: there are more than 1000 nodes"

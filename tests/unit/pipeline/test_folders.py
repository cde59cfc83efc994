import pytest

from linemill.mill.targets import targets_of
from linemill.pipeline.folders import OURS

GOOD = "nodes:\n  a: {use: p:up, to: out}\noutputs: {out: 'out/{name}'}\n"


@pytest.mark.parametrize(
    "watch",
    [
        "{processing: inbox/work, processed: inbox/done, failed: inbox/failed}",
        "{inbox: done/inbox, processed: done}",
        "{inbox: out, processing: out/a, processed: out/b, failed: /failed}",
        "{inbox: ..}",
    ],
)
def test_folders_inside_each_other_are_no_circle(project, watch):
    text = GOOD.replace("out/", "out/x/") + f"watch: {watch}\n"
    assert project.load(text).watch


def test_a_folder_by_another_name_is_the_same_folder(project):
    (project.folder / "in").mkdir()
    (project.folder / "arrivals").symlink_to("in")
    text = f"{GOOD}watch: {{inbox: in, processed: arrivals}}\n"
    assert 'watch.processed: "arrivals" is "watch.inbox" already' in project.refusal(text)
    output = GOOD.replace("out/{name}", "arrivals/{stem}.txt") + "watch: {inbox: in}\n"
    assert 'outputs.out: "arrivals/{stem}.txt" is in "watch.inbox"' in project.refusal(output)


def test_an_output_in_a_folder_inside_the_inbox_is_no_input(project):
    assert project.load(GOOD.replace("out/{name}", "inbox/out/{name}")).outputs[0].path == "inbox/out/{name}"


def test_the_folder_of_the_dead_letters_is_the_one_that_they_are_written_to(project):
    pipeline = project.load(GOOD)
    dead = targets_of(pipeline, "a.log", pipeline.folder, "2026-01-01").dead
    assert str(dead.parent.relative_to(pipeline.folder)) in OURS

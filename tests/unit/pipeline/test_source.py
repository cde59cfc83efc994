import os

import pytest

GOOD = "nodes:\n  a: {use: p:up, to: out}\noutputs: {out: 'out/{name}'}\n"


def test_a_missing_file_is_told_with_the_nearest_name(project):
    project.write("pipelin.yaml", GOOD)
    assert project.refusal() == 'pipeline.yaml: there is no such file; did you mean "pipelin.yaml"?'


def test_a_folder_is_told_with_the_file_in_it(project):
    project.write("pipeline.yaml/main.yaml", GOOD)
    assert project.refusal() == "pipeline.yaml: this is a folder, not a file; name the file in it: pipeline.yaml/main.yaml"


def test_a_folder_without_a_pipeline_is_told(project):
    project.path.mkdir()
    assert project.refusal() == "pipeline.yaml: this is a folder, not a file; name a file in it"


def test_a_pipe_is_refused_without_waiting_for_a_writer(project):
    os.mkfifo(project.path)
    assert project.refusal() == "pipeline.yaml: this is no file (a pipe, a socket or a device)"


def test_a_name_that_no_file_can_have_is_told(project):
    project.path = project.folder / "a\0b"
    assert project.refusal() == "a\0b: this cannot be the name of a file"


def test_a_path_through_a_file_is_told(project):
    project.path = project.folder / "p.py" / "pipeline.yaml"
    assert project.refusal() == "p.py/pipeline.yaml: the file cannot be read: Not a directory"


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n"])
def test_an_empty_file_is_told(project, text):
    assert project.refusal(text) == 'pipeline.yaml: the file is empty; a pipeline has at least "nodes" and "outputs"'


def test_the_largest_file_is_one_mebibyte(project):
    filled = GOOD + "#" * (2**20 - len(GOOD))
    assert project.load(filled).entry == "a"
    expected = "pipeline.yaml: the file is larger than 1 MiB, the most that a pipeline file may be"
    assert project.refusal(filled + "#") == expected


def test_bytes_that_are_not_utf8_are_told_with_their_place(project):
    expected = "pipeline.yaml:2:12: byte 0xff is not UTF-8, and a pipeline file is UTF-8 text"
    assert project.refusal("name: a\nnodes: {änd".encode() + b"\xff\n") == expected


def test_utf16_is_told(project):
    expected = "pipeline.yaml:1:1: byte 0xff is not UTF-8, and a pipeline file is UTF-8 text"
    assert project.refusal(("\ufeff" + GOOD).encode("utf-16-le")) == expected


def test_a_byte_order_mark_of_utf8_is_passed_over(project):
    assert project.load(b"\xef\xbb\xbf" + GOOD.encode()).entry == "a"


@pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\x7f", "\ufffe"])
def test_control_characters_are_told_with_their_place(project, character):
    hint = 'write it as an escape in double quotes, such as "\\0"'
    expected = f"pipeline.yaml:2:8: the control character U+{ord(character):04X} may not stand in YAML; {hint}"
    assert project.refusal(f"\nname: a{character}b\n") == expected

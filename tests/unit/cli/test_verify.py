import json

import pytest

from linemill.cli.documents import ANSWERS


@pytest.fixture
def published(records, tmp_path):
    file_id = records.file("a.log")
    records.output(records.attempt(file_id), tmp_path / "a.out", b"one\ntwo\n")
    (tmp_path / "a.out").write_bytes(b"one\ntwo\n")
    return tmp_path / "a.out"


def test_what_is_right_exits_with_0(published, linemill):
    said = linemill("verify")
    assert (said.code, said.out) == (0, "all right: 1 output with 2 lines, 8 B; counts of 1 attempt\n")


def test_what_is_wrong_is_told_and_exits_with_1(published, linemill):
    published.write_bytes(b"one\ntwo\nthree\n")
    said = linemill("verify")
    assert said.code == 1
    assert said.out == (
        "a.out: foreign: 6 bytes that linemill did not write are behind byte 8\n"
        "1 difference: 1 output with 2 lines, 8 B; counts of 1 attempt\n"
    )
    published.unlink()
    assert "a.out (file 1): missing: it is not there\n" in linemill("verify", "a.log").out


def test_what_is_committed_and_not_published_is_told_apart(published, records, linemill):
    records.file("b.log", "committed")
    said = linemill("verify")
    assert (said.code, said.out.splitlines()[1]) == (
        0,
        "1 file committed and not published yet, not counted: linemill files --state committed",
    )
    assert json.loads(linemill("verify", "--json").out)["unpublished"] == [2]
    assert json.loads(linemill("verify", "b.log", "--json").out)["unpublished"] == [2]
    assert json.loads(linemill("verify", "a.log", "--json").out)["unpublished"] == []


def test_the_fields_of_the_answer_are_those_of_the_reference(published, linemill):
    published.write_bytes(b"x")
    said = linemill("verify", "--json")
    answer = json.loads(said.out)
    assert said.code == 1
    assert answer.keys() == {"form", *ANSWERS["verify"]}
    assert not answer["is_right"]
    for field in answer["findings"][0]:
        assert f"`{field}`" in ANSWERS["verify"]["findings"]


def test_a_file_that_is_not_there_is_refused(records, linemill):
    assert linemill("verify", "b.log").code == 2

import json

from linemill.catalog import Catalog
from linemill.cli.documents import ANSWERS


def test_a_pause_lasts_until_it_is_over(mill, linemill, monkeypatch, tmp_path):
    monkeypatch.setattr("linemill.cli.pause.who", lambda: "me\x1b")
    assert linemill("pause", "the", "disk\x1b").out == "paused; no mill runs at the moment\n"
    monkeypatch.setattr("linemill.cli.resume.clock", lambda at: "<then>")
    assert linemill("resume").out == "resumed; me\\x1b had paused it at <then>: the disk\\x1b\n"
    assert linemill("resume").out == "it was not paused\n"
    with Catalog.open(tmp_path / ".linemill", "watch"):
        assert linemill("pause").out.endswith(" begins no file\n")


def test_the_fields_of_the_answers_are_those_of_the_reference(mill, linemill):
    paused, resumed = json.loads(linemill("pause", "--json").out), json.loads(linemill("resume", "--json").out)
    assert paused.keys() == {"form", *ANSWERS["pause"]}
    assert resumed.keys() == {"form", *ANSWERS["resume"]}
    assert (paused["mill"], resumed["was_paused"]) == (None, True)

"""Somebody begins: makes a project, checks it, looks at it, breaks it, runs it."""

import xml.etree.ElementTree as ElementTree

import pytest

pytestmark = pytest.mark.slow


def test_a_new_project_is_right(project, linemill):
    said = linemill("check")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("pipeline.yaml is right: 3 nodes, 2 outputs\n")


def test_a_new_project_can_be_drawn(project, linemill):
    assert linemill("graph").stdout.splitlines()[1:] == [
        "└─→ quiet: linemill.processors:drop (line)",
        "   └─→ private: processors.privacy:hide_addresses (line)",
        "      └─→ level: linemill.processors:tag_by_pattern (line)",
        "         ├─ error, warn → output problems: out/problems/{name}",
        "         └─ all others → output rest: out/rest/{name}",
    ]
    ElementTree.fromstring(linemill("graph", "--format", "svg").stdout)


def test_a_new_project_runs_and_says_what_became_of_every_line(project, linemill):
    said = linemill("run", "sample.log")
    assert (said.returncode, said.stderr) == (0, "")
    assert (project / "out/problems/sample.log").read_text() == (
        "2026-03-02 09:16:40 WARN  stock of rye bread is low: 4 left\n"
        "2026-03-02 09:17:55 ERROR payment of order 1002 was refused; told <address>\n"
    )
    assert (project / "out/rest/sample.log").read_text().count("\n") == 6
    rows = [row.split() for row in said.stdout.splitlines()]
    assert rows[0][:2] == ["sample.log:", "done"]
    assert rows[1][:3] == ["lines", "in", "10"]
    assert rows[2] == ["to", "problems", "2", "out/problems/sample.log"]
    assert rows[3] == ["to", "rest", "6", "out/rest/sample.log"]
    assert rows[4] == ["filtered", "2", "node", "quiet"]


def test_every_mistake_in_the_pipeline_is_shown_with_its_place(project, linemill):
    pipeline = project / "pipeline.yaml"
    pipeline.write_text(pipeline.read_text().replace("to: private", "to: privat").replace('"*": rest', '"*": rset'))
    for command in (["check"], ["run", "sample.log"], ["graph"]):
        said = linemill(*command)
        assert (said.returncode, said.stdout) == (2, "")
        assert said.stderr == (
            'pipeline.yaml:6:9: nodes.quiet.to: "privat" is neither a node nor an output; did you mean "private"?\n'
            'pipeline.yaml:13:48: nodes.level.to: "rset" is neither a node nor an output; did you mean "rest"?\n'
        )
    assert not (project / "out").exists()

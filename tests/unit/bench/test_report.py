"""What is missed is remembered; what has no bar cannot be."""

from bench.report import Report


def test_only_what_is_over_its_bar_is_missed():
    report = Report()
    assert [report.verdict("a", 1.5, 1.5), report.verdict("b", 1.51, 1.5), report.verdict("c", 9.0, None)] == [
        "kept",
        "**missed**",
        "",
    ]
    assert report.missed == ["b: 1.51, at most 1.5"]


def test_a_table_is_markdown(capsys):
    report = Report()
    report.head("what", "wall", "bar", "", texts=1)
    report.row(["mill", "1 s", "2 s", "kept"])
    assert capsys.readouterr().out == "\n| what | wall | bar |  |\n|---|---:|---:|---|\n| mill | 1 s | 2 s | kept |\n"

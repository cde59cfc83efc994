import pytest

from linemill import drawing


@pytest.mark.parametrize(("form", "draw"), [("text", drawing.text), ("mermaid", drawing.mermaid), ("svg", drawing.svg)])
def test_each_form_goes_to_standard_output(mill, linemill, web_logs, form, draw):
    said = linemill("graph", "--format", form)
    assert (said.code, said.out) == (0, draw(web_logs))


def test_a_drawing_goes_to_a_file_if_one_is_named(mill, linemill, web_logs, tmp_path):
    said = linemill("graph", "-f", "svg", "-o", "web.svg")
    assert (said.code, said.out) == (0, "web.svg\n")
    assert (tmp_path / "web.svg").read_text(encoding="utf-8") == drawing.svg(web_logs)


def test_a_file_that_cannot_be_written_is_said_in_words(mill, linemill):
    said = linemill("graph", "-o", "nowhere/web.txt")
    assert (said.code, said.err) == (1, "linemill: the drawing cannot be written: No such file or directory [nowhere/web.txt]\n")


def test_a_form_that_is_not_there_exits_with_2(mill, linemill):
    assert linemill("graph", "--format", "png").code == 2

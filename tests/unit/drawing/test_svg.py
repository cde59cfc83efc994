import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from linemill.drawing import svg
from linemill.pipeline import Output, Pipeline

SPACE = "{http://www.w3.org/2000/svg}"


def test_everything_of_the_pipeline_is_in_the_picture(web_logs):
    words = [element.text for element in ElementTree.fromstring(svg(web_logs)).iter(f"{SPACE}text")]
    for node in web_logs.nodes:
        assert node.name in words
        assert node.use in words
    for output in web_logs.outputs:
        assert output.name in words
        assert output.path in words
    assert sorted(
        word for word in words if word in ("error, fatal", "warn", "debug", "all others", "dropped", "tagged stream")
    ) == sorted(["error, fatal", "warn", "warn", "debug", "all others", "dropped", "tagged stream"])


def test_the_same_pipeline_gives_the_same_picture(web_logs):
    assert svg(web_logs) == svg(replace(web_logs))


def test_boxes_keep_apart_and_stand_inside_the_picture(web_logs):
    picture = ElementTree.fromstring(svg(web_logs))
    width, height = float(picture.get("width", 0)), float(picture.get("height", 0))
    boxes = _boxes(picture)
    assert len(boxes) == 1 + 4 + 3 + 1
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        for other_left, other_top, other_right, other_bottom in boxes[:number]:
            assert left >= other_right or right <= other_left or top >= other_bottom or bottom <= other_top


def test_names_and_tags_are_shown_never_read_as_markup(web_logs, make_node):
    hostile = "</text><script>alert('1')</script>&\x00\ud800"
    node = make_node(hostile, {hostile: ("errors",)}, use=hostile)
    outputs = (Output("errors", hostile),)
    text = svg(replace(web_logs, name=hostile, nodes=(node,), entry=hostile, outputs=outputs))
    picture = ElementTree.fromstring(text.encode())
    assert not list(picture.iter(f"{SPACE}script"))
    assert any("<script>" in (element.text or "") for element in picture.iter(f"{SPACE}text"))


def test_a_long_name_is_shortened_and_whole_in_the_title(web_logs, make_node):
    use = "a.module." * 20 + "last:processor"
    picture = ElementTree.fromstring(svg(replace(web_logs, nodes=(make_node("clean", {"*": ("errors",)}, use),))))
    assert any(element.text == f"clean: {use}" for element in picture.iter(f"{SPACE}title"))
    assert all(len(element.text or "") <= 44 for element in picture.iter(f"{SPACE}text"))


@pytest.mark.parametrize("length", [1, 12, pytest.param(60, marks=pytest.mark.slow)])
def test_a_picture_of_a_chain_with_shortcuts_is_drawn_at_any_length(web_logs: Pipeline, make_node, length):
    names = [f"n{number}" for number in range(length)]
    nodes = tuple(
        make_node(name, {"on": (names[number + 1] if number + 1 < length else "errors",), "out": ("errors",)})
        for number, name in enumerate(names)
    )
    chain = replace(web_logs, nodes=nodes, entry="n0", outputs=web_logs.outputs[:1])
    assert len(_boxes(ElementTree.fromstring(svg(chain)))) == length + 2


def _boxes(picture: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    margin = 24
    boxes = []
    for element in picture.iter():
        if element.get("class") != "box":
            continue
        if element.tag == f"{SPACE}rect":
            left, top, width, height = (float(element.get(key, 0)) for key in ("x", "y", "width", "height"))
            boxes.append((left + margin, top + margin, left + width + margin, top + height + margin))
        else:
            left, top, right, bottom = (
                float(found)
                for found in re.fullmatch(r"M(\S+) (\S+)H\S+L(\S+) \S+V(\S+)H\S+Z", element.get("d", "")).groups()  # type: ignore[union-attr]
            )
            boxes.append((left + margin, top + margin, right + margin, bottom + margin))
    return boxes

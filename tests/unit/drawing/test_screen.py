import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from linemill.drawing import Figures, Plan, Scene

FIGURES = Scene(
    nodes={"clean": Figures("1.23M", "12/s", "", "ok"), "level": Figures("800k", "", "✕ 12 dead", "errors")},
    routes={("level", "errors"): Figures("12", "0.1/s")},
    outputs={"errors": Figures("12", "0.1/s")},
    start=Figures("1.23M", "12/s"),
)


def read(text):
    return ElementTree.fromstring(text)


def by(picture, key):
    return {element.get(key): element for element in picture.iter() if element.get(key) is not None}


def fields(element):
    return {one.get("data-field"): one.text for one in element.iter() if one.get("data-field")}


def test_figures_stand_where_the_page_finds_them(web_logs):
    picture = read(Plan(web_logs).draw(FIGURES))
    nodes, routes, outputs = by(picture, "data-node"), by(picture, "data-route"), by(picture, "data-output")
    assert list(nodes) == ["clean", "level", "audit", "snake"]
    assert fields(nodes["level"]) == {"came": "800k", "rate": None, "dead": "✕ 12 dead"}
    assert nodes["level"].get("data-state") == "errors"
    assert fields(routes["level→errors"]) == {"count": "12", "rate": "0.1/s"}
    assert fields(outputs["errors"]) == {"count": "12", "rate": "0.1/s"}
    assert "level→drop" in routes
    assert by(picture, "data-live")["totals.lines"].text == "1.23M"


def test_a_node_leads_to_its_page(web_logs, make_node):
    name = "a/b?c#d é"
    picture = read(Plan(replace(web_logs, nodes=(make_node(name, {"*": ("errors",)}),), entry=name)).draw(Scene()))
    assert "/pipeline/nodes/a%2Fb%3Fc%23d%20%C3%A9" in by(picture, "href")


def test_nothing_moves_when_figures_change(web_logs):
    plan = Plan(web_logs)

    def places(scene):
        return re.findall(r'(?:d|x|y|width|height)="[^"]*"', plan.draw(scene))

    assert places(FIGURES) == places(Scene())


def test_it_has_no_style_and_no_script(web_logs):
    picture = read(Plan(web_logs).draw(FIGURES))
    assert not [element for element in picture.iter() if element.tag in ("style", "script") or element.get("style")]


@pytest.mark.parametrize("draw", [Plan.draw, Plan.sketch])
def test_names_are_text(web_logs, make_node, draw):
    hostile = "</text><script>alert('1')</script>&\x00\ud800\u202e"
    node = make_node(hostile, {hostile: ("errors",)}, use=hostile)
    used = replace(web_logs, name=hostile, nodes=(node,), entry=hostile)
    picture = read(draw(Plan(used), Scene()))
    assert not list(picture.iter("script"))


def test_what_was_not_visited_is_faint(web_logs):
    picture = read(Plan(web_logs).draw(Scene(visited=frozenset({"clean", "level", "errors"}))))
    faint = {name for name, one in by(picture, "data-node").items() if "faint" in str(one.get("class"))}
    assert faint == {"audit", "snake"}
    routes = by(picture, "data-route")
    assert "faint" not in str(routes["level→errors"].get("class"))
    assert "faint" in str(routes["level→warnings"].get("class"))


def test_a_sketch_is_small_and_shows_what_was_visited(web_logs):
    text = Plan(web_logs).sketch(Scene(visited=frozenset({"clean"})))
    assert len(text) < 3000
    assert text.count('<rect class="faint"') == 3 + 3 + 1


def test_a_wide_drawing_scrolls_and_is_not_shrunk(web_logs, make_node):
    names = [f"n{number}" for number in range(20)]
    nodes = tuple(make_node(name, {"*": (following,)}) for name, following in zip(names, [*names[1:], "errors"], strict=True))
    assert 'class="pipeline wide"' in Plan(replace(web_logs, nodes=nodes, entry="n0")).draw(Scene())
    assert 'class="pipeline"' in Plan(web_logs).draw(Scene())


def test_what_stands_beside_arrows_can_be_read(web_logs):
    picture = read(Plan(web_logs).draw(FIGURES))
    counts = [one for route in by(picture, "data-route").values() for one in route if one.get("data-field") == "count"]
    places = [(float(one.get("x", 0)), float(one.get("y", 0))) for one in counts]
    for number, (x, y) in enumerate(places):
        for other_x, other_y in places[:number]:
            assert abs(x - other_x) > 40 or abs(y - other_y) > 32

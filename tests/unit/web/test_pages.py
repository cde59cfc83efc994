"""Every page, drawn from documents as routes make them."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.requests import Request

from linemill.catalog.records import AttemptState, FileState, Role
from linemill.pipeline import load
from linemill.web.access import LOCAL, Who
from linemill.web.models import (
    ErrorList,
    EventList,
    FileList,
    MillNow,
    Refusal,
    Trace,
    Trouble,
)
from linemill.web.pages import MOST_DRAWN, Pages
from linemill.web.pages.graph import Graphs
from linemill.web.routes.static import static_files
from linemill.web.snapshot import Snapshots
from tests.unit.web import hostile, made_up

TEMPLATES = ["errors", "events", "file", "files", "node", "pipeline", "stats", "trace", "version"]

ADA = Who("ada", Role.ADMIN)

QUICKSTART = Path(__file__).parents[3] / "examples/quickstart/pipeline.yaml"

VOID = {"meta", "link", "input", "br"}


class Reader(HTMLParser):
    """Reads a page, and holds that it is well formed."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.weight = len(text.encode())
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []
        ids = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        assert len(ids) == len(set(ids)), "two elements have one id"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        assert len(attributes) == len(dict(attributes)), f"an attribute is said twice: {attributes}"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag=None, **attributes):
        return [
            found
            for name, found in self.elements
            if tag in (None, name) and all(found.get(key.replace("_", "-")) == value for key, value in attributes.items())
        ]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def a_request(site, who=ADA, path="/stats", query=""):
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [],
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "app": SimpleNamespace(state=SimpleNamespace(snapshots=Snapshots(site))),
        "who": who,
    }
    return Request(scope)


@pytest.fixture
def draw(site, web_logs):
    """Draw a page of a pipeline, and read it."""

    def draw(template, document, *, path="/stats", query="", who=ADA, of=web_logs, **more):
        over = replace(site, pipeline=lambda: of)
        return Reader(Pages(over).render(a_request(over, who, path, query), f"{template}.html", document, **more))

    return draw


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_page_holds_no_script_or_style_of_its_own(draw, web_logs, name):
    page = draw(name, made_up.every_page(web_logs)[name])
    assert page.all("script") == [{"type": "module", "src": "/static/app.js"}]
    assert not page.all("style")
    for _, attributes in page.elements:
        assert not [key for key in attributes if key == "style" or key.startswith("on")]
    for tag, attributes in page.elements:
        where = attributes.get("href", attributes.get("src", attributes.get("action", "/")))
        assert re.match(r"/(?!/)|#|$", where), (tag, where)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_page_has_one_heading_names_for_its_fields_and_a_way_past_the_navigation(draw, web_logs, name):
    page = draw(name, made_up.every_page(web_logs)[name])
    assert len(page.all("h1")) == 1
    assert page.all("a", href="#main")
    assert page.all("main", id="main")
    assert all("id" in part for part in page.all() if "data-part" in part)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_viewer_is_offered_nothing_that_would_be_refused(draw, web_logs, name):
    page = draw(name, made_up.every_page(web_logs)[name], who=Who("vera", Role.VIEWER))
    assert [form["action"] for form in page.all("form", method="post")] == ["/sign-out"]
    assert not page.all("a", href="/tokens")


def test_an_operator_can_do_from_the_page_what_may_be_asked_for(draw):
    page = draw("file", made_up.file_page(), path="/files/17", who=Who("otto", Role.OPERATOR))
    actions = [form["action"] for form in page.all("form", method="post")]
    assert actions == ["/sign-out", "/pause", "/files/17/redrive", "/files/17/reprocess"]
    assert {field["value"] for field in page.all("input", name="back")} == {"/files/17"}


def test_nobody_signs_out_who_has_not_signed_in(draw, web_logs):
    page = draw("stats", made_up.stats(web_logs), who=Who(LOCAL, Role.ADMIN))
    assert not page.all("form", action="/sign-out")
    assert "not signed in" in page.text


@pytest.mark.parametrize(
    ("mill", "state", "words"),
    [
        (MillNow(is_running=False), "stopped", "No mill runs"),
        (made_up.RUNNING, "running", "running"),
        (made_up.PAUSED, "paused", "Paused by ada: a new oven"),
        (made_up.RUNNING.model_copy(update={"blocked": "the disk is full"}), "blocked", "begins nothing new: the disk is full"),
        (made_up.RUNNING.model_copy(update={"refused": "line 3: no such key"}), "running", "not used: line 3: no such key"),
    ],
)
def test_the_state_of_the_mill_is_said_in_words(draw, web_logs, mill, state, words):
    page = draw("stats", made_up.stats(web_logs, mill=mill))
    assert page.all("body")[0]["data-mill"] == state
    assert words in page.text
    assert bool(page.all("form", action="/resume")) == (mill.paused is not None)
    assert bool(page.all("form", action="/pause")) == (mill.paused is None)


def test_the_graph_says_what_goes_on_where_the_script_finds_it(draw, web_logs):
    page = draw("stats", made_up.stats(web_logs))
    assert [node["data-state"] for node in page.all("g") if "data-node" in node] == ["ok", "errors", "stalled", "ok"]
    assert [node["data-node"] for node in page.all("g") if "data-node" in node] == ["clean", "level", "audit", "snake"]
    assert {route["data-route"] for route in page.all("g") if "data-route" in route} >= {"clean→level", "level→drop"}
    assert {output["data-output"] for output in page.all("g") if "data-output" in output} == {"errors", "warnings", "general"}
    for name in ("clean", "level"):
        assert page.all("a", href=f"/pipeline/nodes/{name}")
    assert "✕ 1.20k dead" in page.text
    assert "stood still" in page.text


def test_numbers_are_where_the_script_finds_them(draw, web_logs):
    stats = made_up.stats(web_logs)
    page = draw("stats", stats)
    lives = {found["data-live"] for found in page.all() if "data-live" in found}
    assert lives >= {"rates.lines", "totals.lines", "totals.dead", "files.failed", "files.ready"}
    for path in lives:
        value = stats
        for key in path.split("."):
            value = getattr(value, key)


@pytest.mark.parametrize("name", TEMPLATES)
def test_hostile_names_and_lines_are_text_on_every_page(draw, web_logs, make_node, name):
    used = hostile.pipeline_of(web_logs, make_node)
    query = "name=%3Cscript%3Ealert(1)%3C/script%3E&node=%22%3E&file=%00&line=%1b"
    page = draw(name, hostile.every_page(used)[name], of=used, query=query)
    assert len(page.all("script")) == 1
    assert not {key for _, found in page.elements for key in found if key.startswith("on")}
    assert [words for words in page.words if "<script>alert(1)</script>" in words]
    assert not {character for words in page.words for character in words if not character.isprintable()} - {"\n", "\t"}
    assert "{{ 7 * 7 }}" in page.text


@pytest.mark.parametrize(
    ("template", "document", "words"),
    [
        ("files", FileList(files=(), after=None), "No files yet"),
        ("files", FileList(files=(), after="x"), "Others follow"),
        ("errors", ErrorList(groups=(), letters=(), after=None), "No dead letters"),
        ("trace", Trace(lines=(), after=None), "No lines yet"),
        ("events", EventList(events=(), after=None), "Nobody has done anything yet"),
    ],
)
def test_an_empty_page_says_so_and_what_fills_it(draw, template, document, words):
    assert words in draw(template, document).text


def test_a_page_before_anything_was_done_says_so(draw, web_logs):
    page = draw("stats", made_up.stats(web_logs, nodes=(), routes=(), outputs=(), points=()))
    assert "nothing was done" in page.text
    assert "No files yet" in page.text


def test_filters_stay_as_they_were_asked_for(draw):
    page = draw("files", made_up.files(), path="/files", query="name=till-*&state=failed&sort=name")
    assert page.all("input", name="name")[0]["value"] == "till-*"
    assert page.all("input", name="sort")[0]["value"] == "name"
    assert "/files?name=till-%2A&state=failed&sort=name&after=after-this" in {link["href"] for link in page.all("a")}
    assert "/files?name=till-%2A&state=failed&sort=-name" in {link["href"] for link in page.all("a")}


def test_a_refusal_shows_nothing_of_the_mill(draw):
    trouble = Trouble(code="not_found", what="there is no <b>file</b> 17", where="id", hint="look at the list")
    page = draw("refusal", Refusal(error=trouble), number=404, who=Who("", None))
    assert "there is no <b>file</b> 17" in page.text
    assert not page.all("nav")
    assert "web-logs" not in page.text


def test_every_state_has_a_shape_and_a_word(draw):
    files = FileList(files=tuple(made_up.file(state, id=number) for number, state in enumerate(FileState)), after=None)
    text = draw("files", files).text
    for state in FileState:
        assert re.search(rf"[◌○◐◕✓✕–] {state.value}", text)
    page = made_up.file_page()
    attempts = tuple(
        page.attempts[0].model_copy(update={"id": number, "state": state}) for number, state in enumerate(AttemptState)
    )
    assert "↩ taken back" in draw("file", page.model_copy(update={"attempts": attempts})).text


def test_the_way_of_a_line_is_drawn_and_what_it_did_not_visit_is_faint(draw):
    page = draw("trace", Trace(lines=(made_up.traced(17, (made_up.letter(node="snake"),)),), after=None))
    faint = {found["data-node"]: "faint" in found["class"] for found in page.all("g") if "data-node" in found}
    assert faint == {"clean": False, "level": False, "audit": True, "snake": False}
    states = {found["data-node"]: found["data-state"] for found in page.all("g") if "data-node" in found}
    assert states["snake"] == "errors"


def test_many_lines_are_drawn_small(draw):
    page = draw("trace", made_up.trace(50))
    assert len([found for found in page.all("svg") if found["class"] == "sketch"]) == 50


def test_a_page_weighs_less_than_60_kb_with_all_that_it_loads(draw):
    quickstart = load(QUICKSTART)
    page = draw("stats", made_up.stats(quickstart), of=quickstart, recent=made_up.files)
    assert page.weight + sum(len(file.packed) for file in static_files().values()) < 60_000


def test_nothing_waits_for_a_script_to_say_which_others_it_needs(draw, web_logs):
    page = draw("stats", made_up.stats(web_logs))
    preloaded = {link["href"].removeprefix("/static/") for link in page.all("link") if link["rel"] == "modulepreload"}
    assert preloaded | {"app.js"} == {name for name in static_files() if name.endswith(".js")}


def test_the_picture_in_a_page_is_well_formed(web_logs):
    ElementTree.fromstring(Graphs(lambda: web_logs).live(made_up.stats(web_logs)))


def test_a_file_that_pages_load_is_sent_once(client):
    first = client.get("/static/style.css")
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"
    assert first.headers["content-encoding"] == "gzip"
    again = client.get("/static/style.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_file_is_sent_as_it_is_to_who_cannot_unpack_it(client):
    plain = client.get("/static/style.css", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == client.get("/static/style.css").text


@pytest.mark.parametrize("name", ["nothing.css", "..%2f__init__.py", "%2e%2e/%2e%2e/app.py", "style.css%00", "STYLE.CSS"])
def test_only_the_files_of_the_pages_are_sent(client, name):
    assert client.get(f"/static/{name}").status_code == 404


def test_what_many_dashboards_ask_for_at_a_moment_is_drawn_once(site, web_logs):
    over = replace(site, pipeline=lambda: web_logs)
    pages, stats = Pages(over), made_up.stats(web_logs)
    first = pages.render(a_request(over), "stats.html", stats)
    assert pages.render(a_request(over), "stats.html", stats.model_copy()) is first
    assert pages.render(a_request(over), "stats.html", stats.model_copy(update={"at": stats.at + 0.5})) is not first


def test_nobody_gets_what_was_drawn_for_somebody_else(site, web_logs):
    over = replace(site, pipeline=lambda: web_logs)
    pages, stats = Pages(over), made_up.stats(web_logs)
    first = pages.render(a_request(over), "stats.html", stats)
    for other in (Who("ada", Role.VIEWER), Who("vera", Role.ADMIN)):
        assert pages.render(a_request(over, other), "stats.html", stats) != first
    assert pages.render(a_request(over, query="window=1h"), "stats.html", stats) != first


def test_what_was_drawn_is_not_kept_without_end(site, web_logs):
    over = replace(site, pipeline=lambda: web_logs)
    pages, stats = Pages(over), made_up.stats(web_logs)
    first = pages.render(a_request(over), "stats.html", stats)
    for number in range(MOST_DRAWN):
        pages.render(a_request(over, query=f"x={number}"), "stats.html", stats)
    assert pages.render(a_request(over), "stats.html", stats) is not first

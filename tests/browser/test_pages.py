"""Every page: clean, for everybody, on every screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.dashboards import QUICKSTART, Dashboard, orders
from tests.browser.visits import Visit, visits
from tests.crash.mills import is_idle, wait_for

PAGES = (
    "/stats",
    "/files",
    "/files?name=nothing-is-called-so",
    "/files/1",
    "/files/2",
    "/errors",
    "/trace",
    "/trace?file=1&line=16",
    "/pipeline",
    "/pipeline/nodes/orders",
    "/pipeline/versions/1",
    "/events",
    "/tokens",
    "/sign-in",
    "/files/999",
)

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

NARROW = {"width": 360, "height": 740}

IS_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"

OVERFLOWING = """
() => [...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((one) => one.outerHTML.slice(0, 90)).slice(0, 5)
"""


@pytest.fixture(scope="module")
def bakery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard with something on every page: a file that is done, with dead letters, and one that failed."""
    made = Dashboard(tmp_path_factory.mktemp("pages") / "bakery")
    try:
        made.start()
        made.drop("sample.log", (QUICKSTART / "sample.log").read_bytes())
        wait_for(lambda: is_idle(made.folder, 1), "a file that is done", lambda: made.words)
        made.drop("monday.log", orders(30, pieces=5000))
        wait_for(lambda: is_idle(made.folder, 2), "a file that failed", lambda: made.words)
        yield made
    finally:
        made.clean_up()


@pytest.fixture
def visit(bakery: Dashboard) -> Iterator[Callable[..., Visit]]:
    """Make visits to the bakery's dashboard."""
    yield from visits(lambda: bakery.address)


@pytest.mark.slow
def test_no_page_has_a_serious_fault_for_people_who_hear_it_or_see_little(bakery: Dashboard, visit: Callable[..., Visit]) -> None:
    # The policy is put aside only so that the examiner, which is a script, can work in the page.
    somebody = visit(bypass_csp=True)
    page = somebody.live("/stats")
    found = []
    for path in PAGES:
        page.goto(bakery.address + path)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            results = Axe().run(page)
            found += [
                f"{path} {scheme}: {one['id']} ({one['impact']}): {node['html'][:120]} {node.get('failureSummary', '')[:200]}"
                for one in results.response["violations"]
                if one["impact"] in ("serious", "critical")
                for node in one["nodes"][:2]
            ]
    somebody.forgive("status of 404")
    assert found == []


@pytest.mark.slow
def test_pages_break_no_rule_and_say_nothing_in_the_console(bakery: Dashboard, visit: Callable[..., Visit]) -> None:
    somebody = visit()
    page = somebody.open("/stats")
    for path in PAGES:
        answer = page.goto(bakery.address + path)
        assert answer is not None
        assert "trusted-types 'none'" in answer.headers["content-security-policy"], path
        assert "unsafe" not in answer.headers["content-security-policy"]
        expect(page.locator("h1")).to_have_count(1)
        if page.locator("body[data-stream]").count():
            expect(page.locator("body")).to_have_attribute("data-connection", "live")
    somebody.forgive("status of 404")


@pytest.mark.slow
def test_nothing_has_to_be_scrolled_sideways_on_a_telephone(bakery: Dashboard, visit: Callable[..., Visit]) -> None:
    somebody = visit(viewport=NARROW)
    page = somebody.open("/stats")
    wide = []
    for path in PAGES:
        page.goto(bakery.address + path)
        if page.evaluate(IS_WIDE):
            wide.append((path, page.evaluate(OVERFLOWING)))
    somebody.forgive("status of 404")
    assert wide == []


@pytest.mark.slow
def test_all_can_be_read_and_done_without_the_script(bakery: Dashboard, visit: Callable[..., Visit]) -> None:
    somebody = visit(java_script_enabled=False)
    page = somebody.open("/stats")
    for path in PAGES:
        page.goto(bakery.address + path)
        expect(page.locator("h1")).to_be_visible()
    somebody.forgive("status of 404")

    page.goto(bakery.address + "/")
    page.get_by_role("navigation").get_by_role("link", name="Files").click()
    page.locator("input[type=search]").fill("sample*")
    page.locator("input[type=search]").press("Enter")
    page.get_by_role("link", name="sample.log", exact=True).click()
    expect(page.locator("h1")).to_contain_text("sample.log")
    with page.expect_download() as download:
        page.get_by_role("row").filter(has_text="order_book").get_by_role("link", name="Download").click()
    assert '"what":"baguettes"' in download.value.path().read_text()

    page.locator("#mill summary").click()
    page.get_by_label("Why?").fill("flour is out")
    page.get_by_role("button", name="Pause the mill").click()
    expect(page.locator("#mill")).to_contain_text("flour is out")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#mill")).not_to_contain_text("flour is out")

    page.goto(bakery.address + "/files")
    form = page.locator("form[data-upload]")
    form.locator("input[type=file]").set_input_files(
        {"name": "plain.log", "mimeType": "text/plain", "buffer": orders(3).encode()}
    )
    form.get_by_role("button", name="Send").click()
    expect(page.locator("h1")).to_be_visible()
    wait_for(lambda: is_idle(bakery.folder, 3), "the file that was sent", lambda: bakery.words)
    page.goto(bakery.address + "/files")
    expect(page.get_by_role("row").filter(has_text="plain.log")).to_contain_text("done")


@pytest.mark.slow
def test_keys_go_places_but_not_while_somebody_types(bakery: Dashboard, visit: Callable[..., Visit]) -> None:
    page = visit().live("/stats")
    for key, path in {"f": "/files", "e": "/errors", "t": "/trace", "p": "/pipeline", "v": "/events", "s": "/stats"}.items():
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(f"**{path}")

    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    page.goto(bakery.address + "/files")
    page.keyboard.press("/")
    search = page.locator("input[type=search]")
    expect(search).to_be_focused()
    page.keyboard.type("g s?/")
    expect(search).to_have_value("g s?/")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url.endswith("/files")

"""What somebody sees who leaves a page open."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboards import Dashboard, orders
from tests.browser.visits import Visit

pytestmark = pytest.mark.slow

REMEMBER = "window.isStillThis = true"
"""A page that was loaded again does not know it any more."""


def is_still_this(page: Page) -> bool:
    return bool(page.evaluate("window.isStillThis === true"))


def test_a_file_that_is_dropped_is_seen_without_loading_the_page_again(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    page = visit().live("/stats")
    page.evaluate(REMEMBER)

    dashboard.drop("monday.log", orders(1234))

    expect(page.locator("[data-live='totals.lines']").first).to_have_text("1,234")
    expect(page.locator("[data-node=orders] [data-field=came]").first).to_have_text("1.23k")
    expect(page.locator("[data-output=order_book] [data-field=count]").first).to_have_text("1.23k")
    expect(page.get_by_role("link", name="monday.log")).to_be_visible()
    assert is_still_this(page)


def test_lists_take_up_what_is_new(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    page = visit().live("/files")
    page.evaluate(REMEMBER)
    dashboard.drop("monday.log", orders(3))
    expect(page.get_by_role("link", name="monday.log")).to_be_visible()
    dashboard.drop("tuesday.log", orders(3))
    expect(page.get_by_role("link", name="tuesday.log")).to_be_visible()
    expect(page.get_by_role("link", name="monday.log")).to_be_visible()
    assert is_still_this(page)


def test_errors_arrive_on_their_page(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    page = visit().live("/errors")
    dashboard.drop("monday.log", orders(20) + orders(1, pieces=5000))
    expect(page.get_by_text("an order has 1 to 50 pieces, this one 5000").first).to_be_visible()
    dashboard.drop("tuesday.log", orders(20, pieces=5000))
    expect(page.get_by_role("heading", name="Files that failed as a whole")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="tuesday.log")).to_contain_text("budget")


def test_what_somebody_is_doing_is_left_alone_when_a_part_is_renewed(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    dashboard.drop("monday.log", orders(3))
    page = visit().live("/stats")
    link = page.get_by_role("link", name="monday.log")
    link.focus()
    page.locator("#mill summary").click()
    page.locator("#mill input[name=reason]").fill("flour is out")

    dashboard.drop("tuesday.log", orders(3))
    expect(page.get_by_role("link", name="tuesday.log")).to_be_visible()

    expect(page.locator("#mill input[name=reason]")).to_have_value("flour is out")
    expect(page.locator("#mill input[name=reason]")).to_be_focused()
    link.focus()
    dashboard.drop("wednesday.log", orders(3))
    expect(page.get_by_role("link", name="wednesday.log")).to_be_visible()
    expect(link).to_be_focused()
    expect(page.locator("#mill details")).to_have_attribute("open", "")


def test_only_one_of_many_tabs_streams_and_another_takes_over(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    somebody = visit()
    first = somebody.live("/stats")
    second = somebody.live("/stats")
    third = somebody.live("/files")
    assert somebody.streams() == 1

    dashboard.drop("monday.log", orders(7))
    expect(first.locator("[data-live='totals.lines']").first).to_have_text("7")
    expect(second.locator("[data-live='totals.lines']").first).to_have_text("7")
    expect(third.get_by_role("link", name="monday.log")).to_be_visible()

    with somebody.context.expect_event("request", lambda request: request.resource_type == "eventsource"):
        first.close()
    dashboard.drop("tuesday.log", orders(7))
    expect(second.locator("[data-live='totals.lines']").first).to_have_text("14")
    expect(third.get_by_role("link", name="tuesday.log")).to_be_visible()
    assert somebody.streams() == 2


def test_a_server_that_comes_back_is_found_again(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    somebody = visit()
    page = somebody.live("/stats")
    page.evaluate(REMEMBER)
    expect(page.locator(".banner[data-when=lost]")).to_be_hidden()

    dashboard.stop()
    expect(page.locator("body")).to_have_attribute("data-connection", "lost")
    expect(page.locator(".banner[data-when=lost]")).to_be_visible()

    dashboard.start()
    expect(page.locator("body")).to_have_attribute("data-connection", "live")
    expect(page.locator(".banner[data-when=lost]")).to_be_hidden()
    dashboard.drop("monday.log", orders(7))
    expect(page.locator("[data-live='totals.lines']").first).to_have_text("7")
    assert is_still_this(page)
    somebody.forgive("ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE")


def test_a_page_of_another_version_is_loaded_again_once_nobody_types(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    somebody = visit()
    page = somebody.live("/files")
    page.evaluate(REMEMBER)
    page.locator("input[type=search]").fill("mon")
    page.evaluate("document.body.dataset.version = '0.0.1'")
    dashboard.stop()
    dashboard.start()
    expect(page.locator("body")).to_have_attribute("data-connection", "live")
    dashboard.drop("monday.log", orders(7))
    expect(page.get_by_role("link", name="monday.log")).to_be_visible()
    assert is_still_this(page)

    page.locator("input[type=search]").fill("")
    expect(page.locator("body")).not_to_have_attribute("data-version", "0.0.1")
    assert not is_still_this(page)
    somebody.forgive("ERR_")


def test_a_pipeline_that_was_changed_is_drawn_anew(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    page = visit().live("/stats")
    path = dashboard.folder / "pipeline.yaml"
    path.write_text(path.read_text().replace("orders:", "sales:").replace('"*": orders', '"*": sales'))
    dashboard.drop("monday.log", orders(7))
    expect(page.locator("[data-node=sales]").first).to_be_visible()
    expect(page.locator("[data-node=orders]")).to_have_count(0)


def test_a_browser_without_locks_asks_again_and_again(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    somebody = visit()
    somebody.context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })")
    page = somebody.open("/stats")
    expect(page.locator("body")).to_have_attribute("data-connection", "polling")
    dashboard.drop("monday.log", orders(7))
    expect(page.locator("[data-live='totals.lines']").first).to_have_text("7")
    assert somebody.streams() == 0


def test_a_pause_is_seen_by_everybody_with_who_and_why(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    page, other = visit().live("/stats"), visit().live("/files")
    page.locator("#mill summary").click()
    page.get_by_label("Why?").fill("flour <b>is</b> out")
    page.get_by_role("button", name="Pause the mill").click()
    for one in (page, other):
        expect(one.locator("body")).to_have_attribute("data-mill", "paused")
        expect(one.locator("#mill")).to_contain_text("flour <b>is</b> out")
    page.get_by_role("button", name="Resume").click()
    for one in (page, other):
        expect(one.locator("body")).to_have_attribute("data-mill", "running")
        expect(one.locator("#mill")).to_contain_text("running")

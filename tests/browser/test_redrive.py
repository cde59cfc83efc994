"""A line that died, mended and delivered after all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.dashboards import Dashboard, orders
from tests.browser.visits import Visit
from tests.crash.mills import wait_for


@pytest.mark.slow
def test_a_dead_letter_is_delivered_once_its_processor_is_mended(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    page = visit().live("/errors")
    dashboard.drop("monday.log", orders(20) + orders(1, pieces=5000))
    expect(page.get_by_text("an order has 1 to 50 pieces, this one 5000").first).to_be_visible()
    book = dashboard.folder / "out" / "orders" / "monday.jsonl"
    assert '"pieces":5000' not in book.read_text()

    path = dashboard.folder / "pipeline.yaml"
    path.write_text(path.read_text().replace("most_pieces: 50", "most_pieces: 5000"))
    page.get_by_role("button", name="re-drive").first.click()

    expect(page.get_by_text("an order has 1 to 50 pieces, this one 5000")).to_have_count(0)
    # What is committed can be seen a moment before it is published.
    wait_for(lambda: '"pieces":5000' in book.read_text(), "the order in its book", lambda: dashboard.words)
    page.goto(dashboard.address + "/stats")
    expect(page.locator("[data-output=order_book] [data-field=count]").first).to_have_text("21")


@pytest.mark.slow
def test_a_file_that_failed_is_tried_again_from_its_page(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    page = visit().live("/files")
    dashboard.drop("monday.log", orders(20, pieces=5000))
    expect(page.get_by_role("row").filter(has_text="monday.log")).to_contain_text("failed")
    page.get_by_role("link", name="monday.log").click()

    path = dashboard.folder / "pipeline.yaml"
    path.write_text(path.read_text().replace("most_pieces: 50", "most_pieces: 5000"))
    page.get_by_role("button", name="retry").click()

    expect(page.locator("#file .chip").first).to_contain_text("done")
    assert (dashboard.folder / "out" / "orders" / "monday.jsonl").read_text().count('"pieces":5000') == 20

"""Files that are sent from a browser."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboards import Dashboard, orders
from tests.browser.visits import Visit
from tests.crash.mills import wait_for

pytestmark = pytest.mark.slow

DROP = """
(files) => {
  const transfer = new DataTransfer();
  for (const [name, text] of files) transfer.items.add(new File([text], name));
  return transfer;
}
"""


def drop(page: Page, *files: tuple[str, str]) -> None:
    """Drop files on the page's zone, as somebody does with a mouse."""
    transfer = page.evaluate_handle(DROP, [list(file) for file in files])
    zone = page.locator("form[data-upload]")
    zone.dispatch_event("dragover", {"dataTransfer": transfer})
    zone.dispatch_event("drop", {"dataTransfer": transfer})


def in_inbox(dashboard: Dashboard) -> list[str]:
    """Everything there, hidden files as well, but for the mark of whoever writes there."""
    return sorted(path.name for path in dashboard.inbox.iterdir() if path.name != ".linemill.lock")


def test_dropped_files_are_sent_one_after_the_other_and_processed(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    page = visit().live("/files")
    drop(page, ("monday.log", orders(3)), ("tuesday.log", orders(4)), ("wednesday.log", orders(5)))
    expect(page.locator(".uploads li")).to_have_count(3)
    for name in ("monday.log", "tuesday.log", "wednesday.log"):
        expect(page.locator(".uploads li").filter(has_text=name)).to_contain_text("taken as")
        expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("done")


def test_chosen_files_show_their_progress_and_can_be_cancelled(
    dashboard: Dashboard, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    for name in ("first.log", "second.log", "third.log"):
        (tmp_path / name).write_text(orders(100_000))
    somebody = visit()
    page = somebody.live("/files")
    line = somebody.context.new_cdp_session(page)
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000}
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", limits)
    page.locator("form[data-upload] input[type=file]").set_input_files(
        [tmp_path / f"{name}.log" for name in ("first", "second", "third")]
    )

    first, second, third = (page.locator(".uploads li").filter(has_text=f"{name}.log") for name in ("first", "second", "third"))
    expect(page.locator(".uploads progress").first).not_to_have_js_property("value", 0)
    second.get_by_role("button", name="Cancel").click()
    expect(second).to_contain_text("cancelled")
    first.get_by_role("button", name="Cancel").click()
    expect(first).to_contain_text("cancelled")
    line.send("Network.emulateNetworkConditions", {**limits, "uploadThroughput": -1})
    expect(third).to_contain_text("taken as")

    wait_for(lambda: in_inbox(dashboard) == [], "an empty inbox, without hidden files")
    expect(page.get_by_role("row").filter(has_text="third.log")).to_contain_text("done")
    expect(page.get_by_role("row").filter(has_text="first.log")).to_have_count(0)


def test_what_is_refused_says_why_and_the_next_file_is_sent(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    somebody = visit()
    page = somebody.live("/files")
    drop(page, ("broken.log.gz", "this is no gzip"), ("monday.log", orders(3)))
    expect(page.locator(".uploads li").filter(has_text="broken.log.gz")).to_contain_text("gzip")
    expect(page.locator(".uploads li").filter(has_text="monday.log")).to_contain_text("taken as")
    somebody.forgive("status of 415")


def test_a_server_that_goes_while_a_file_is_sent_is_said_in_words(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    somebody = visit()
    page = somebody.live("/files")
    line = somebody.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 1_000_000},
    )
    drop(page, ("long.log", orders(100_000)))
    expect(page.locator(".uploads progress").first).not_to_have_js_property("value", 0)
    dashboard.stop()
    expect(page.locator(".uploads li")).to_contain_text("nothing was kept")
    assert in_inbox(dashboard) == []
    somebody.forgive("ERR_|status of 500")


def test_a_file_that_misses_the_zone_is_not_opened_in_place_of_the_page(
    dashboard: Dashboard, visit: Callable[..., Visit]
) -> None:
    page = visit().live("/files")
    transfer = page.evaluate_handle(DROP, [["monday.log", "x"]])
    is_left_to_the_browser = page.evaluate(
        "(dataTransfer) => document.querySelector('h1').dispatchEvent("
        "new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))",
        transfer,
    )
    assert is_left_to_the_browser is False


def test_names_of_dropped_files_are_text_and_stay_in_the_inbox(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    page = visit().live("/files")
    drop(page, ("<img src=x onerror=alert(1)>.log", orders(1)), ("..\\..\\above.log", orders(1)))
    expect(page.locator(".uploads li").filter(has_text="<img src=x onerror=alert(1)>.log")).to_contain_text("taken as")
    expect(page.locator(".uploads li").filter(has_text="above.log")).to_contain_text("taken as")
    expect(page.get_by_role("row").filter(has_text="above.log")).to_contain_text("done")
    assert page.locator("img").count() == 0
    assert not os.path.lexists(dashboard.folder / "above.log")

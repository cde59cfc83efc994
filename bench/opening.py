"""A browser that opens the dashboard: `python bench/opening.py PORT TIMES`.

Each time in a new, empty profile of a headless Chromium that runs already. Prints JSON: for each time the milliseconds from the
start of the navigation until the page is loaded, its script has run, and it is live. Exits with 3 if there is no Chromium.
"""

from __future__ import annotations

import json
import os
import shutil
import sys

from playwright.sync_api import sync_playwright

NO_CHROMIUM = 3

QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
"""It speaks with nobody but us."""

LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"

NOTE_LIVE = """
new MutationObserver((_, observer) => {
  if (document.body?.dataset.connection !== "live") return;
  observer.disconnect();
  window.liveAt = performance.now();
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ["data-connection"]});
"""
"""The page itself notes when it has become live: asking it from outside takes as long as that."""


def chromium_here() -> str | None:
    """Give the Chromium that is used; None if there is none."""
    return os.environ.get("LINEMILL_CHROMIUM") or shutil.which("chromium")


def opened(port: int, times: int, chromium: str) -> list[tuple[float, float]]:
    """Open the overview that often."""
    took: list[tuple[float, float]] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET, chromium_sandbox=False)
        for _ in range(times):
            page = browser.new_page()
            page.add_init_script(NOTE_LIVE)
            page.goto(f"http://127.0.0.1:{port}/stats")
            page.wait_for_selector("body[data-connection=live]", state="attached")
            took.append((page.evaluate(LOADED), page.evaluate("window.liveAt")))
            page.context.close()
        browser.close()
    return took


if __name__ == "__main__":
    found = chromium_here()
    if found is None:
        sys.exit(NO_CHROMIUM)
    print(json.dumps(opened(int(sys.argv[1]), int(sys.argv[2]), found)))

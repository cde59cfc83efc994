"""Draws the pictures of the README: `python -m tests.browser.screenshots`, or `make screenshots`.

The quick-start example is watched while its sample, and logs like it, arrive; then its pages are looked at.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.chromium import CHROMIUM
from tests.browser.dashboards import QUICKSTART, Dashboard
from tests.crash.mills import is_idle, wait_for

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"

SIZE = ViewportSize(width=1280, height=800)

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def main() -> None:
    """Let files arrive for a while, then draw every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="how long files arrive before the pictures are drawn")
    seconds = parser.parse_args().seconds
    # Its path is seen in the pictures.
    folder = Path(tempfile.gettempdir()) / "demo"
    folder.mkdir()
    dashboard = Dashboard(folder / "bakery")
    try:
        dashboard.start()
        page = CHROMIUM.started().new_page(viewport=SIZE)
        # Somebody looks from the beginning: then the last minutes are known by the second.
        page.goto(dashboard.address + "/stats")
        arrive(dashboard, seconds)
        draw(dashboard, page)
        dashboard.stop()
    finally:
        dashboard.clean_up()
        CHROMIUM.stop()
        shutil.rmtree(folder)


def arrive(dashboard: Dashboard, seconds: int) -> None:
    """Let logs of a busy bakery arrive, about one a second, always the same ones."""
    sample = (QUICKSTART / "sample.log").read_text().splitlines(keepends=True)
    chance = random.Random(1)
    # As many wrong orders as there are in the sample would fail long files: some lines are left out.
    fine = [line for line in sample if "-4 baguettes" not in line and "5000 macarons" not in line]
    dashboard.drop("sample.log", "".join(sample))
    for number in range(seconds):
        lines = fine * chance.randint(20, 400)
        if chance.random() < 0.2:
            lines[len(lines) // 2 : len(lines) // 2] = sample
        day = DAYS[number % len(DAYS)]
        dashboard.drop(f"{day}-till-{number // len(DAYS) + 1}.log", "".join(lines))
        # Files arrive at a pace, which is no wait for anything.
        time.sleep(chance.uniform(0.3, 1.7))
    dashboard.drop(
        "refunds.log", "".join(f"2026-03-02 18:{minute:02}:00 INFO  Order {minute}: -1 baguettes\n" for minute in range(40))
    )
    wait_for(lambda: is_idle(dashboard.folder, seconds + 2), "all files to end", lambda: dashboard.words)


def draw(dashboard: Dashboard, page: Page) -> None:
    """Look at the pages and keep what they look like."""
    FOLDER.mkdir(exist_ok=True)
    page.goto(dashboard.address + "/stats")
    expect(page.locator("body")).to_have_attribute("data-connection", "live")
    keep(page, "stats")
    page.emulate_media(color_scheme="dark")
    keep(page, "stats-dark")
    page.emulate_media(color_scheme="light")
    with urllib.request.urlopen(dashboard.address + "/trace?file=1") as answer:
        longest = max(json.load(answer)["lines"], key=lambda line: len(line["steps"]))
    trace = f"/trace?file=1&line={longest['line']}"
    for name, path in {"files": "/files?limit=12", "errors": "/errors", "file": "/files/1", "trace": trace}.items():
        page.goto(dashboard.address + path)
        expect(page.locator("body")).to_have_attribute("data-connection", "live")
        keep(page, name)


def keep(page: Page, name: str) -> None:
    """Write what is seen of a page to a file."""
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

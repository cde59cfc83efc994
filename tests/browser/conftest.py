from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)

from tests.browser.dashboards import Dashboard

QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
"""It speaks with nobody but us."""

MISSING = "the browser tests need Chromium: apt install chromium (Debian), or name one in LINEMILL_CHROMIUM"

# Two cores may be busy with other tests.
expect.set_options(timeout=20_000)


class Chromium:
    """One Chromium for all tests here."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def started(self) -> Browser:
        """Give it; it is started for the first who asks."""
        if self._browser is None:
            path = os.environ.get("LINEMILL_CHROMIUM") or shutil.which("chromium")
            if path is None:
                # Where changes are judged, nothing may be left out.
                (pytest.fail if "LINEMILL_CI" in os.environ else pytest.skip)(MISSING)
            self._playwright = sync_playwright().start()
            self._browser = self._playwright.chromium.launch(executable_path=path, args=QUIET, chromium_sandbox=False)
        return self._browser

    def stop(self) -> None:
        """End it, and the event loop that it needs."""
        if self._browser is not None and self._playwright is not None:
            self._browser.close()
            self._playwright.stop()
            self._browser = self._playwright = None


CHROMIUM = Chromium()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Stop the browser before tests of other folders: its event loop runs in this thread, where they need their own."""
    yield
    if nextitem is None or nextitem.path.parent != item.path.parent:
        CHROMIUM.stop()


class Visit:
    """Somebody's browser, with its own cookies; remembers whatever should not have happened in it.

    Args:
        context: The browser's.
        address: The only server that it may speak with.
    """

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context = context
        self.address = address
        self.requests: list[Request] = []
        self.troubles: list[str] = []
        context.on("console", self._said)
        context.on("weberror", lambda error: self.troubles.append(f"script: {error.error}"))
        context.on("dialog", self._interrupted)
        context.on("request", self._asked)

    def open(self, path: str) -> Page:
        """Open a page in a new tab."""
        page = self.context.new_page()
        page.goto(self.address + path)
        return page

    def live(self, path: str) -> Page:
        """Open a page in a new tab, and wait until it is told what goes on."""
        page = self.open(path)
        expect(page.locator("body")).to_have_attribute("data-connection", "live")
        return page

    def streams(self) -> int:
        """Count the streams that were opened."""
        return sum(request.resource_type == "eventsource" for request in self.requests)

    def forgive(self, pattern: str) -> None:
        """Take back troubles that the test itself has made; there must be some."""
        kept = [trouble for trouble in self.troubles if re.search(pattern, trouble) is None]
        assert kept != self.troubles, f"no trouble is like {pattern!r}: {self.troubles}"
        self.troubles = kept

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"console: {message.text} [{message.location.get('url')}]")

    def _interrupted(self, dialog: Dialog) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _asked(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith((self.address + "/", "data:")):
            self.troubles.append(f"request elsewhere: {request.url}")


@pytest.fixture
def dashboard(tmp_path: Path) -> Iterator[Dashboard]:
    """Watch a copy of the quick-start example, its inbox empty."""
    made = Dashboard(tmp_path / "bakery")
    try:
        made.start()
        yield made
    finally:
        made.clean_up()


@pytest.fixture
def visit(dashboard: Dashboard) -> Iterator[Callable[..., Visit]]:
    """Make visits to the dashboard: calm ones. In the end, nothing may have happened that should not."""
    yield from visits(lambda: dashboard.address)


def visits(address: Callable[[], str]) -> Iterator[Callable[..., Visit]]:
    """Make visits, each with cookies of its own, and hold at the end that there was no trouble."""
    made: list[Visit] = []

    def apply(**options: Any) -> Visit:
        context = CHROMIUM.started().new_context(**options)
        context.set_default_timeout(20_000)
        made.append(Visit(context, address()))
        return made[-1]

    yield apply
    for one in made:
        one.context.close()
    assert [trouble for one in made for trouble in one.troubles] == []

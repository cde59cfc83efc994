"""Somebody's visit to a dashboard, and what must not happen in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, expect

from tests.browser.chromium import CHROMIUM


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

"""One Chromium for all that is looked at in it."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from bench.opening import QUIET, chromium_here

MISSING = "the browser tests need Chromium: apt install chromium (Debian), or name one in LINEMILL_CHROMIUM"


class Chromium:
    """One Chromium for all tests here."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def started(self) -> Browser:
        """Give it; it is started for the first who asks."""
        if self._browser is None:
            path = chromium_here()
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

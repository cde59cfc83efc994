"""A browser that opens the dashboard: `python bench/opening.py PORT TIMES`.

Each time in the new window of a new, empty profile of a headless Chromium that runs already. Prints JSON: for each time the
milliseconds from the start of the navigation until the page is loaded, its script has run, and it is live. Exits with 3 if
there is no Chromium.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from typing import Any

from playwright.async_api import CDPSession, async_playwright

NO_CHROMIUM = 3

REST_S = 1.0
"""A new window loads pages of the browser's own, for 80 ms longer if ours is loaded at the same time."""

QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
"""It speaks with nobody but us."""

NOTE = """
window.isLive = new Promise(done => new MutationObserver((_, observer) => {
  if (document.body?.dataset.connection !== "live") return;
  observer.disconnect();
  done(performance.now());
}).observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ["data-connection"]}));
window.isLoaded = new Promise(done => addEventListener("load", () => setTimeout(() =>
  done(performance.getEntriesByType("navigation")[0].loadEventEnd))));
"""
"""The page itself notes when it was loaded and live: asking it from outside takes as long as that."""

NOTED = "Promise.all([window.isLoaded, window.isLive])"


class Page:
    """A page in a new, empty profile, spoken with in the browser's own protocol.

    Playwright's pages get scripts of its own, which they compile while they load: 13 ms at the start, and 40 ms before they are
    live, on a machine where all took 340 ms.

    Args:
        browser: The browser as a whole.
        profile: Of the page.
        session: The page's connection.
    """

    def __init__(self, browser: CDPSession, profile: str, session: str) -> None:
        self._browser = browser
        self._profile = profile
        self._session = session
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        browser.on("Target.receivedMessageFromTarget", self._hear)

    @classmethod
    async def begin(cls, browser: CDPSession) -> Page:
        """Make the profile and its page."""
        profile = (await browser.send("Target.createBrowserContext"))["browserContextId"]
        target = await browser.send("Target.createTarget", {"url": "about:blank", "browserContextId": profile})
        attached = await browser.send("Target.attachToTarget", {"targetId": target["targetId"], "flatten": False})
        return cls(browser, profile, attached["sessionId"])

    async def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Have the page do something; give what it says."""
        number = len(self._answers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        message = json.dumps({"id": number, "method": method, "params": parameters})
        await self._browser.send("Target.sendMessageToTarget", {"sessionId": self._session, "message": message})
        return await self._answers[number]

    async def end(self) -> None:
        """Close the page and forget its profile."""
        self._browser.remove_listener("Target.receivedMessageFromTarget", self._hear)
        await self._browser.send("Target.disposeBrowserContext", {"browserContextId": self._profile})

    def _hear(self, said: dict[str, Any]) -> None:
        message = json.loads(said["message"])
        if said["sessionId"] != self._session or "id" not in message:
            return
        answer = self._answers[message["id"]]
        if "error" in message:
            answer.set_exception(RuntimeError(message["error"]["message"]))
        else:
            answer.set_result(message["result"])


def chromium_here() -> str | None:
    """Give the Chromium that is used; None if there is none."""
    return os.environ.get("LINEMILL_CHROMIUM") or shutil.which("chromium")


async def opened(port: int, times: int, chromium: str) -> list[tuple[float, float]]:
    """Open the overview that often."""
    took: list[tuple[float, float]] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=QUIET, chromium_sandbox=False)
        session = await browser.new_browser_cdp_session()
        for _ in range(times):
            page = await Page.begin(session)
            await page.ask("Page.enable")
            await page.ask("Page.addScriptToEvaluateOnNewDocument", source=NOTE)
            await asyncio.sleep(REST_S)
            await page.ask("Page.navigate", url=f"http://127.0.0.1:{port}/stats")
            noted = await page.ask("Runtime.evaluate", expression=NOTED, awaitPromise=True, returnByValue=True)
            took.append(tuple(noted["result"]["value"]))
            await page.end()
        await browser.close()
    return took


if __name__ == "__main__":
    found = chromium_here()
    if found is None:
        sys.exit(NO_CHROMIUM)
    print(json.dumps(asyncio.run(opened(int(sys.argv[1]), int(sys.argv[2]), found))))

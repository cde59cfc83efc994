"""Names and lines that would like to be more than text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.dashboards import Dashboard, orders
from tests.browser.visits import Visit

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"
NAMES = (
    b"<img src=x onerror=alert(1)>.log",
    b"'\"><svg onload=alert(1)>.log",
    b"{{ 7 * 7 }}{% raw %}.log",
    b"two\nlines.log",
    b"bell\x07 and \x1b[31mred.log",
    "gol.\u202etxt.log".encode(),
    b"not utf-8 \xff\xfe.log",
    b"a" * 251 + b".log",
    b"javascript:alert(1).log",
)
LINES = (
    f"2026-03-02 09:00:00 INFO  Order 1: 99 {MARKUP}\n",
    "2026-03-02 09:00:00 INFO  Order 2: 99 http://evil.example/\u202eabc\x07\x1b[31m\x00\n",
    "2026-03-02 09:00:00 INFO  Order 3: 99 {{ 7 * 7 }} ${7 * 7} javascript:alert(1)\n",
    f"2026-03-02 09:00:00 ERROR {MARKUP}\n",
)


@pytest.mark.slow
def test_names_and_lines_are_text_on_every_page(dashboard: Dashboard, visit: Callable[..., Visit]) -> None:
    hostile = "".join(LINES).encode() + b"2026-03-02 09:00:00 INFO  Order 4: 99 \xff\xfe\xc3\n"
    for name in NAMES:
        dashboard.drop(name, orders(60).encode() + hostile)
    somebody = visit()
    page = somebody.live("/files?limit=100")
    # An output of the longest name that a file can have would have a longer one.
    expect(page.locator("tbody").get_by_role("row").filter(has_text="done")).to_have_count(len(NAMES) - 1)
    expect(page.locator("tbody").get_by_role("row").filter(has_text="failed")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("<img src=x onerror=alert(1)>.log")
    expect(page.locator("main")).to_contain_text("two\\nlines.log")
    expect(page.locator("main")).to_contain_text("gol.\\u202etxt.log")
    expect(page.locator("main")).to_contain_text("not utf-8 \\xff\\xfe.log")
    expect(page.locator("main")).to_contain_text("{{ 7 * 7 }}{% raw %}.log")

    paths = [f"/files/{number}" for number in range(1, len(NAMES) + 1)]
    paths += ["/stats", "/errors", "/errors?node=orders", "/trace", "/pipeline", "/pipeline/nodes/orders", "/events"]
    paths += [
        f"/files?name={MARKUP}",
        f"/errors?node={MARKUP}",
        f"/trace?file={MARKUP}",
        f"/{MARKUP}",
        f"/pipeline/nodes/{MARKUP}",
    ]
    shown = 0
    for path in paths:
        page.goto(dashboard.address + path)
        expect(page.locator("h1")).to_be_attached()
        assert page.locator("img, main script, svg[onload], body script:not([src])").count() == 0, path
        text = page.locator("body").inner_text()
        assert not any(character in text for character in "\u202e\x07\x1b\x00"), path
        assert "49" not in text or "7 * 7" not in text.replace("{{ 7 * 7 }}", "").replace("${7 * 7}", ""), path
        shown += MARKUP in text
    assert shown > len(NAMES), "the lines are shown, as they are"
    somebody.troubles = [one for one in somebody.troubles if "status of 404" not in one and "status of 422" not in one]

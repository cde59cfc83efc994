"""What the script writes is what the server has written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from linemill.web.pages import formats
from tests.browser.visits import Visit

NUMBERS = [0, 0.004, 0.005, 0.25, 1, 5, 9.994, 9.996, 12.34, 59.94, 59.96, 60, 99.94, 99.96, 185, 999.4, 999.6, 1234, 3599.6]
NUMBERS += [12_345, 172_799, 172_800, 300_000, 999_499, 999_501, 1_234_567, 33_000_000, 1.5e9, 9.996e9, 2e12, 1.234e15]

FORMATS = {
    "count": formats.count,
    "compact": formats.compact,
    "some": formats.some,
    "dead": formats.dead,
    "rate": formats.rate,
    "flow": formats.flow,
    "bytes": formats.size,
    "seconds": formats.seconds,
    "clock": formats.clock,
}

WRITE = """
async ([format, values]) => {
  const { words } = await import("/static/words.js");
  return values.map((value) => words[format](value));
}
"""


@pytest.mark.slow
def test_numbers_read_the_same_by_the_script_and_by_the_server(visit: Callable[..., Visit]) -> None:
    page = visit().live("/stats")
    for name, write in FORMATS.items():
        numbers = [number for number in NUMBERS if name != "clock" or number < 1e11]
        assert page.evaluate(WRITE, [name, numbers]) == [write(number) for number in numbers], name
    now = page.evaluate("Date.now() / 1000")
    ages = [0, 1.4, 3.2, 59.2, 61.2, 3599.2, 3601.2, 172_799.2, 172_801.2, 1e7 + 0.2, -30.2, -4000.2]
    # A moment passes between the two; ages are chosen so that it is in nobody's way.
    assert page.evaluate(WRITE, ["ago", [now - age for age in ages]]) == [formats.ago(now - age, now) for age in ages]

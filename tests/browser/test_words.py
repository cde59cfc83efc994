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

# A second copy of the module, which no message has told how far the server's clock is away, and a clock that stands.
WRITE_AGO = """
async ([now, moments]) => {
  const { words } = await import("/static/words.js?copy");
  Date.now = () => now * 1000;
  return moments.map((moment) => words.ago(moment));
}
"""


@pytest.mark.slow
def test_numbers_read_the_same_by_the_script_and_by_the_server(visit: Callable[..., Visit]) -> None:
    page = visit().live("/stats")
    for name, write in FORMATS.items():
        numbers = [number for number in NUMBERS if name != "clock" or number < 1e11]
        assert page.evaluate(WRITE, [name, numbers]) == [write(number) for number in numbers], name


@pytest.mark.slow
def test_moments_read_the_same_by_the_script_and_by_the_server(visit: Callable[..., Visit]) -> None:
    page = visit().live("/stats")
    now = 1_772_438_953.5
    ages = [0, 1.4, 1.6, 3.2, 59.2, 59.6, 61.2, 3599.2, 3601.2, 172_799.2, 172_801.2, 1e7, -1.4, -30.2, -4000.2]
    moments = [now - age for age in ages]
    assert page.evaluate(WRITE_AGO, [now, moments]) == [formats.ago(moment, now) for moment in moments]

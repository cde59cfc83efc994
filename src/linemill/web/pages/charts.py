"""Curves and bars over time: from points to path data; the template `chart.html` draws them.

A chart is a plane of `WIDTH` by `HEIGHT` units that the page stretches to the room it has, so the words of its axes stand beside
it, and lines keep their width. Points of any length are laid into slots of one length: what was done in a minute counts in ten
slots of six seconds with a tenth each. Where nobody looked, a curve has a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Generic, Protocol, TypeVar

from linemill.web.models import NodePage, Point, Stats, Window
from linemill.web.pages import formats

WIDTH = 600
HEIGHT = 200
MOST_SLOTS = 60
"""Enough to see what happened; more would make the page heavier."""

ROWS = 10
"""Of the table that says the same in numbers."""

SECONDS: dict[Window, float] = {"10m": 600.0, "1h": 3600.0, "24h": 86_400.0, "30d": 30 * 86_400.0}
AGO: dict[Window, tuple[str, str, str]] = {
    "10m": ("10 min ago", "5 min", "now"),
    "1h": ("1 h ago", "30 min", "now"),
    "24h": ("24 h ago", "12 h", "now"),
    "30d": ("30 d ago", "15 d", "now"),
}
NAMES: dict[Window, str] = {"10m": "10 minutes", "1h": "hour", "24h": "24 hours", "30d": "30 days"}


class Timed(Protocol):
    """What points have in common."""

    @property
    def at(self) -> float:
        """When it began."""

    @property
    def seconds(self) -> float:
        """How long it was."""


Ago = tuple[str, str, str]
Write = Callable[[float | None], str]
T = TypeVar("T", bound=Timed)
Values = Sequence[float | None]


class Laid(Generic[T]):
    """Points, laid into equal lengths of time, the last of which is not over.

    Args:
        points: The points.
        window: Over how long.
        now: When it ends; what lies after it, nobody knows yet.
        most: How many slots there may be. There are fewer, where points are longer.
    """

    def __init__(self, points: Sequence[T], window: Window, now: float, most: int = MOST_SLOTS) -> None:
        self._now = now
        # The newest point is not over: its length says nothing.
        self.length = max(SECONDS[window] / most, min((point.seconds for point in points[:-1]), default=0.0))
        self.number = max(1, round(SECONDS[window] / self.length))
        # Slots begin at full multiples: a curve moves by whole slots, and does not change its form while it does.
        self.begin = (now // self.length - self.number + 1) * self.length
        self._shares = [(point, list(self._shared(point))) for point in points]

    def starts(self) -> list[float]:
        """Give when each slot begins."""
        return [self.begin + index * self.length for index in range(self.number)]

    def sums(self, pick: Callable[[T], float]) -> list[float]:
        """Add up what was done in each slot."""
        sums = [0.0] * self.number
        for point, shares in self._shares:
            value = pick(point)
            if value:
                for index, share in shares:
                    sums[index] += value * share
        return sums

    def rates(self, pick: Callable[[T], float]) -> list[float]:
        """Tell how much was done by the second in each slot."""
        # A slot that has only begun tells little: what fell into its first moment would look like a burst.
        last = min(max(self._now - self.starts()[-1], self.length / 3), self.length)
        sums = self.sums(pick)
        return [*(amount / self.length for amount in sums[:-1]), sums[-1] / last]

    def highest(self, pick: Callable[[T], float | None]) -> list[float | None]:
        """Tell the highest value that was seen in each slot; None where nobody looked."""
        found: list[float | None] = [None] * self.number
        for point, shares in self._shares:
            value = pick(point)
            if value is not None:
                for index, _ in shares:
                    before = found[index]
                    found[index] = value if before is None else max(before, value)
        return found

    def _shared(self, point: T) -> Iterator[tuple[int, float]]:
        """Tell which slots a point touches, and with what share of it each."""
        end = max(min(point.at + point.seconds, self._now), point.at + 0.001)
        first = max(0, int((point.at - self.begin) // self.length))
        last = min(self.number - 1, int((end - self.begin - 1e-6) // self.length))
        for index in range(first, last + 1):
            start = self.begin + index * self.length
            shared = min(end, start + self.length) - max(point.at, start)
            yield index, max(shared, 0.0) / (end - point.at)


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn in a chart; `looks` are its classes, `words` what it is."""

    looks: str
    path: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, ready to be drawn.

    Attributes:
        name: An identifier.
        title: What it is about.
        now: The newest value, in words; all of them, for what is counted; empty where the curves say their own.
        most: The highest value, in words; empty for what is counted.
        ticks: Words of the axis, from the top down.
        ago: Words of the axis of time.
        curves: The lowest first.
    """

    name: str
    title: str
    now: str
    most: str
    ticks: tuple[str, str, str]
    ago: Ago
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table that says the same in numbers."""

    at: float
    lines: float
    raw_bytes: float
    files: float
    failed: float
    dead: float
    backlog: float | None
    latency_p50: float | None
    latency_p95: float | None


def of_stats(stats: Stats) -> tuple[Chart, ...]:
    """Draw throughput, errors, backlog and latency over the window."""
    ago = AGO[stats.window]
    laid = Laid(stats.points, stats.window, stats.at)
    failures = Curve("failed", _marks(laid.sums(lambda point: point.failed)), "files failed")
    latency = {"p50": laid.highest(lambda point: point.latency_p50), "p95": laid.highest(lambda point: point.latency_p95)}
    backlog = _areas("backlog", "Files waiting", laid.highest(lambda point: point.backlog), formats.count, ago, "plain")
    return (
        _areas("lines", "Lines", laid.rates(lambda point: point.lines), formats.rate, ago, "accent"),
        _bars("dead", "Dead letters", laid.sums(lambda point: point.dead), ago, failures),
        replace(backlog, now=""),  # the most of a minute is not how many there are now, which stands above
        _curves("latency", "Noticed to published", latency, formats.seconds, ago),
    )


def of_node(page: NodePage, now: float) -> tuple[Chart, ...]:
    """Draw what a node did over the window."""
    ago = AGO[page.window]
    laid = Laid(page.points, page.window, now)
    return (
        _areas("came", "Items", laid.rates(lambda point: point.came), formats.rate, ago, "accent"),
        _bars("dead", "Dead letters", laid.sums(lambda point: point.dead), ago),
    )


def table(stats: Stats) -> list[Row]:
    """Say the same in a few rows of numbers, the newest first."""
    laid = Laid(stats.points, stats.window, stats.at, ROWS)
    columns = zip(
        laid.starts(),
        laid.rates(lambda point: point.lines),
        laid.rates(lambda point: point.raw_bytes),
        laid.sums(lambda point: point.files),
        laid.sums(lambda point: point.failed),
        laid.sums(lambda point: point.dead),
        laid.highest(lambda point: point.backlog),
        laid.highest(lambda point: point.latency_p50),
        laid.highest(lambda point: point.latency_p95),
        strict=True,
    )
    return [Row(*column) for column in columns][::-1]


def newest_latency(stats: Stats) -> Point | None:
    """Give the newest point in which something was done."""
    return next((point for point in reversed(stats.points) if point.latency_p50 is not None), None)


def top_of(most: float, least: float) -> float:
    """Give a round number above the highest value, of which the half is round as well."""
    top = 10.0**-3
    while True:
        for step in (1, 2, 4, 6):
            if top * step >= max(most, least):
                return top * step
        top *= 10


def _areas(name: str, title: str, values: Values, form: Write, ago: Ago, looks: str) -> Chart:
    top = top_of(_most(values), 2)
    line, area = _line(values, top), _line(values, top, is_closed=True)
    curves = (Curve(f"area {looks}", area), Curve(f"line {looks}", line))
    return _chart(name, title, values, top, form, ago, curves)


def _bars(name: str, title: str, values: Values, ago: Ago, *more: Curve) -> Chart:
    top = top_of(_most(values), 2)
    width = WIDTH / len(values)
    path = "".join(
        f"M{index * width:.0f} {HEIGHT}V{_height(value, top, 4)}h{max(width - 1, 2):.0f}V{HEIGHT}z"
        for index, value in enumerate(values)
        if value is not None and value > 0.001
    )
    chart = _chart(name, title, values, top, formats.count, ago, (Curve("bars bad", path), *more))
    return replace(chart, now=formats.count(sum(value or 0 for value in values)), most="")


def _curves(name: str, title: str, found: dict[str, list[float | None]], form: Write, ago: Ago) -> Chart:
    top = top_of(max(_most(values) for values in found.values()), 0.01)
    curves = tuple(
        Curve(f"line {words}", _line(values, top), f"{words} {form(_newest(values))}") for words, values in found.items()
    )
    return replace(_chart(name, title, next(reversed(found.values())), top, form, ago, curves), now="")


def _chart(
    name: str,
    title: str,
    values: Values,
    top: float,
    form: Write,
    ago: Ago,
    curves: tuple[Curve, ...],
) -> Chart:
    ticks = (form(top), form(top / 2), form(0))
    most = form(_most(values)) if any(value is not None for value in values) else formats.NOTHING
    return Chart(name, title, form(values[-1]), most, ticks, ago, curves)


def _line(values: Values, top: float, *, is_closed: bool = False) -> str:
    """Draw a curve through the middles of the slots, broken where there is no value."""
    width = WIDTH / len(values)
    path = ""
    for is_seen, run in groupby(enumerate(values), lambda one: one[1] is not None):
        if not is_seen:
            continue
        places = [(f"{(index + 0.5) * width:.0f}", _height(value, top)) for index, value in run]
        if len(places) == 1:  # a dot, which a line without length would not show
            index = float(places[0][0])
            places = [(f"{index - width / 2:.0f}", places[0][1]), (f"{index + width / 2:.0f}", places[0][1])]
        drawn = "L".join(f"{x} {y}" for x, y in places)
        path += f"M{places[0][0]} {HEIGHT}L{drawn}V{HEIGHT}z" if is_closed else f"M{drawn}"
    return path


def _marks(values: Values) -> str:
    width = WIDTH / len(values)
    return "".join(f"M{(index + 0.5) * width:.0f} 0V{HEIGHT}" for index, value in enumerate(values) if value and value > 0.001)


def _height(value: float | None, top: float, least: int = 0) -> int:
    return HEIGHT - max(round(HEIGHT * min((value or 0.0) / top, 1.0)), least)


def _newest(values: Values) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def _most(values: Values) -> float:
    return max((value for value in values if value is not None), default=0.0)

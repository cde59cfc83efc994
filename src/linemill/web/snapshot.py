"""What goes on now, as `GET /stats` says it.

Computed at most twice a second however many ask, less often while the machine is busy, and never while nobody asks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from linemill.catalog.periods import HOUR, MINUTE, Counts, NodeWork, PeriodRow
from linemill.files import shown
from linemill.pipeline import Pipeline
from linemill.web.documents.mill import mill_now
from linemill.web.models import NodeNow, NodePoint, OutputNow, Point, Rates, RouteNow, Stats, Totals, Window
from linemill.web.moments import Moment, Recent, Stretch, moment, point_of
from linemill.web.site import Site

FRESH_S = 0.5
"""How long what was computed is given to others who ask, at least."""

STALEST_S = 2.0
"""The same at most."""

SHARE = 0.005
"""How much of the time may go into computing: beside work on all cores it takes longer, and is done less often."""


@dataclass(frozen=True, slots=True)
class Steps:
    """How far a window looks back by periods of the catalog.

    Attributes:
        period_s: Which periods, by their length.
        seconds: Length of a point: so many periods make one.
        points: How many.
        fresh_s: How long the periods are not asked for again.
    """

    period_s: int
    seconds: int
    points: int
    fresh_s: float


STEPS: dict[Window, Steps] = {
    "1h": Steps(MINUTE, MINUTE, 60, 2.0),
    "24h": Steps(HOUR, HOUR, 24, 10.0),
    "30d": Steps(HOUR, 6 * HOUR, 120, 10.0),
}
"""Windows that the last minutes are not enough for."""


@dataclass(frozen=True, slots=True)
class News:
    """What a stream sends.

    Attributes:
        number: Goes up when anything but time has changed.
        text: Stats as JSON, of the last ten minutes only the newest point.
    """

    number: int
    text: bytes


class Snapshots:
    """Tells what goes on. Used from any thread.

    Args:
        site: What it is about.
        clock: Gives seconds since 1970.

    Attributes:
        fresh_s: How long what was computed last is given to others who ask, in seconds.
    """

    def __init__(self, site: Site, clock: Callable[[], float] = time.time) -> None:
        self.fresh_s = FRESH_S
        self._site = site
        self._clock = clock
        self._lock = threading.Lock()
        self._recent = Recent(lambda since: site.history.periods(MINUTE, since))
        self._moment: Moment | None = None
        self._stats: Stats | None = None
        self._texts: dict[Window, tuple[float, bytes]] = {}
        self._rows: dict[Window, tuple[float, Sequence[PeriodRow]]] = {}
        self._news: tuple[Stats, News] | None = None

    def moment(self) -> Moment:
        """Give what the catalog says, not older than `fresh_s`.

        Raises:
            WorldError: The catalog cannot be read.
        """
        with self._lock:
            return self._now()[0]

    def stats(self, window: Window) -> Stats:
        """Give what goes on, and what was done in a window.

        Raises:
            WorldError: The catalog cannot be read.
        """
        with self._lock:
            return self._of(window)

    def text(self, window: Window) -> bytes:
        """Give the same as JSON.

        Raises:
            WorldError: The catalog cannot be read.
        """
        with self._lock:
            text = self.fresh_text(window)
            if text is None:
                stats = self._of(window)
                text = stats.model_dump_json().encode()
                self._texts[window] = (stats.at, text)
            return text

    def fresh_text(self, window: Window) -> bytes | None:
        """Give the same if nothing has to be computed for it, else None: for whoever must not wait."""
        at, text = self._texts.get(window, (0.0, b""))
        return text if self._is_fresh(at) else None

    def news(self) -> News:
        """Give what a stream sends.

        Raises:
            WorldError: The catalog cannot be read.
        """
        with self._lock:
            _, stats = self._now()
            before = self._news
            if before is not None and stats == before[0].model_copy(update={"at": stats.at}):
                return before[1]
            *_, newest = self._recent.stretches()
            newest_only = stats.model_copy(update={"points": (point_of(newest.at, newest.seconds, newest.counts),)})
            news = News(before[1].number + 1 if before is not None else 1, newest_only.model_dump_json().encode())
            self._news = (stats, news)
            return news

    def node(self, name: str, window: Window) -> tuple[NodeNow, tuple[NodePoint, ...]]:
        """Give what a node of the pipeline does now, and has done in a window.

        Raises:
            KeyError: The pipeline has no such node.
            WorldError: The catalog cannot be read.
        """
        with self._lock:
            now, stats = self._now()
            found = {node.name: node for node in stats.nodes}[name]
            points = [
                NodePoint(
                    at=stretch.at,
                    seconds=stretch.seconds,
                    came=stretch.counts.nodes.get(name, _NO_WORK).came,
                    dead=stretch.counts.dead.get(name, 0),
                )
                for stretch in self._stretches(window, now.at)
            ]
            return found, tuple(points)

    def forget(self) -> None:
        """Look anew when next asked: somebody has changed something, and wants to see it."""
        with self._lock:
            self._moment = None
            self._texts.clear()

    def _is_fresh(self, at: float, fresh_s: float | None = None) -> bool:
        return 0.0 <= self._clock() - at < (self.fresh_s if fresh_s is None else fresh_s)

    def _now(self) -> tuple[Moment, Stats]:
        """Give what goes on, without points."""
        if self._moment is None or self._stats is None or not self._is_fresh(self._moment.at):
            self._moment = moment(self._site.history, self._clock())
            self._recent.take(self._moment)
            self._stats = _stats(self._moment, self._site.pipeline(), *self._recent.rate())
            self.fresh_s = min(max(FRESH_S, (self._clock() - self._moment.at) / SHARE), STALEST_S)
        return self._moment, self._stats

    def _of(self, window: Window) -> Stats:
        now, stats = self._now()
        stretches = self._stretches(window, now.at)
        points: tuple[Point, ...] = tuple(point_of(each.at, each.seconds, each.counts) for each in stretches)
        return stats.model_copy(update={"window": window, "points": points})

    def _stretches(self, window: Window, now: float) -> Iterator[Stretch]:
        if window not in STEPS:
            return self._recent.stretches()
        steps = STEPS[window]
        first = int(now) // steps.seconds * steps.seconds - (steps.points - 1) * steps.seconds
        asked_at, rows = self._rows.get(window, (0.0, ()))
        if not self._is_fresh(asked_at, steps.fresh_s):
            rows = self._site.history.periods(steps.period_s, first)
            self._rows[window] = (now, rows)
        return _stretches_of(rows, first, steps, now)


_NO_WORK = NodeWork()


def _stretches_of(rows: Sequence[PeriodRow], first: int, steps: Steps, now: float) -> Iterator[Stretch]:
    """Put periods together, and those between them in which nothing was done."""
    sums = [Counts() for _ in range(steps.points)]
    for row in rows:
        index = (row.start - first) // steps.seconds
        if 0 <= index < steps.points:
            sums[index].add(row.counts)
    for index, counts in enumerate(sums):
        start = first + index * steps.seconds
        yield Stretch(start, min(steps.seconds, max(now - start, 1.0)), counts)


def _stats(now: Moment, pipeline: Pipeline, seconds: float, lately: Counts) -> Stats:
    totals = now.totals
    return Stats(
        at=now.at,
        pipeline=shown(pipeline.name),
        version=now.version,
        mill=mill_now(now.mill),
        files=now.files,
        totals=Totals(
            files=totals.files, failed=totals.failed, lines=totals.lines, dead=totals.all_dead, raw_bytes=totals.raw_bytes
        ),
        rates=Rates(
            files=_rate(lately.files, seconds),
            lines=_rate(lately.lines, seconds),
            dead=_rate(lately.all_dead, seconds),
            raw_bytes=_rate(lately.raw_bytes, seconds),
        ),
        nodes=tuple(_nodes(now, pipeline, seconds, lately)),
        routes=tuple(_routes(totals, pipeline, seconds, lately)),
        outputs=tuple(
            OutputNow(name=output.name, count=_sent_to(totals, output.name), rate=_rate(_sent_to(lately, output.name), seconds))
            for output in pipeline.outputs
        ),
    )


def _nodes(now: Moment, pipeline: Pipeline, seconds: float, lately: Counts) -> Iterator[NodeNow]:
    for node in pipeline.nodes:
        work, rate = now.totals.nodes.get(node.name, _NO_WORK), lately.nodes.get(node.name, _NO_WORK)
        yield NodeNow(
            name=node.name,
            came=work.came,
            gave=work.gave,
            dead=now.totals.dead.get(node.name, 0),
            filtered=work.filtered,
            seconds=round(work.seconds, 3),
            rate=_rate(rate.came, seconds),
            dead_rate=_rate(lately.dead.get(node.name, 0), seconds),
            stalled_since=now.mill.stalled.get(node.name),
        )


def _routes(totals: Counts, pipeline: Pipeline, seconds: float, lately: Counts) -> Iterator[RouteNow]:
    for node in pipeline.nodes:
        for target in dict.fromkeys(chain.from_iterable(node.routes.values())):
            yield RouteNow(
                source=node.name,
                target=target,
                count=totals.routes.get(node.name, {}).get(target, 0),
                rate=_rate(lately.routes.get(node.name, {}).get(target, 0), seconds),
            )


def _sent_to(counts: Counts, target: str) -> int:
    return sum(targets.get(target, 0) for targets in counts.routes.values())


def _rate(count: int, seconds: float) -> float:
    return round(max(count, 0) / seconds, 3)

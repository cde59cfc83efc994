from pathlib import Path

import pytest

from linemill.errors import WorldError
from linemill.mill import thinning
from linemill.mill.thinning import THIN_S, Thinner
from linemill.pipeline import HistorySettings

HISTORY = HistorySettings()
INBOX = Path("/inbox")


class Slow:
    """A catalog that removes ten files in five steps, and tells when it was asked to begin."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.begun: list[float] = []
        self.steps = 0
        self.breaks = breaks

    def thin(self, now, **others):
        self.begun.append(now)
        for _ in range(5):
            self.steps += 1
            yield 2
            if self.breaks:
                raise WorldError("no")


class Told:
    def __init__(self) -> None:
        self.said: list[tuple[str, int]] = []

    def info(self, what, files):
        self.said.append((what, files))


def _thinner(catalog, told):
    return Thinner(catalog, told)


def test_the_history_is_thinned_step_by_step_and_then_told(monkeypatch):
    monkeypatch.setattr(thinning, "AT_ONCE_S", -1.0)
    catalog, told = Slow(), Told()
    thinner = _thinner(catalog, told)
    for number in range(1, 6):
        thinner.look(10.0 + number, HISTORY, INBOX)
        assert (catalog.steps, told.said) == (number, [])
    thinner.look(20.0, HISTORY, INBOX)
    assert told.said == [("history_thinned", 10)]
    thinner.look(30.0, HISTORY, INBOX)
    assert (catalog.begun, told.said) == ([11.0], [("history_thinned", 10)])
    thinner.look(11.0 + THIN_S, HISTORY, INBOX)
    assert catalog.begun == [11.0, 11.0 + THIN_S]


def test_it_begins_anew_after_the_catalog_could_not_be_written():
    catalog, told = Slow(breaks=True), Told()
    thinner = _thinner(catalog, told)
    with pytest.raises(WorldError):
        thinner.look(10.0, HISTORY, INBOX)
    thinner.look(11.0, HISTORY, INBOX)
    assert (catalog.begun, told.said) == ([10.0], [("history_thinned", 2)])
    catalog.breaks = False
    thinner.look(10.0 + THIN_S, HISTORY, INBOX)
    assert told.said[1:] == [("history_thinned", 10)]

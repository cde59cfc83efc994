import base64
from functools import partial

import pytest

from linemill.catalog.cursors import written_cursor
from linemill.errors import UsageError


@pytest.mark.parametrize("after", ["x", "", "W10", "é", "eyJhIjogMX0"])
def test_a_cursor_that_is_none_of_ours_is_refused(history, after):
    for ask in (history.files, history.letters, history.events, history.versions):
        with pytest.raises(UsageError, match="begin with the first page"):
            ask(after=after)


def test_a_cursor_of_another_list_is_refused(records, history):
    records.file("a.log")
    records.file("b.log")
    after = history.files(limit=1).after
    with pytest.raises(UsageError, match="in this list"):
        history.files(after=after, sort="name")
    with pytest.raises(UsageError, match="in this list"):
        history.letters(after=after)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("files by -since", [2**63, 1]),
        ("files by -since", [float("nan"), 1]),
        ("files by -since", ["1", 1]),
        ("files by name", ["\ud800", 1]),
        ("files by name", ["a\0", 1]),
        ("files by name", [1, 1]),
        ("files by id", [1.5, 1]),
        ("files by id", [True, 1]),
        ("files by id", [1]),
        ("letters", [{}]),
        ("letters", [-(2**64)]),
    ],
)
def test_a_cursor_that_somebody_made_up_never_reaches_the_database(history, name, place):
    after = written_cursor(name, *place)
    ask = history.letters if name == "letters" else partial(history.files, sort=name.removeprefix("files by "))
    with pytest.raises(UsageError, match="begin with the first page"):
        ask(after=after)


def test_a_cursor_that_is_a_well_of_brackets_is_refused(history):
    after = base64.urlsafe_b64encode(b"[" * 200_000).decode()
    with pytest.raises(UsageError, match="begin with the first page"):
        history.letters(after=after)

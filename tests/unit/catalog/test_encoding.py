from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linemill.catalog.encoding import bounded, path_of, plain, span_of, span_row, text_of, wish_of, wish_text
from linemill.catalog.records import Kind, SpanDone, Wish
from linemill.engine import Ledger, NodeCounts, OutputCounts

texts = st.text(st.characters().filter(lambda character: not "\ud800" <= character <= "\udbff"))  # JSON would pair them up
counts = st.integers(0, 2**53)
tallies = st.dictionaries(texts, counts, max_size=3)
ledgers = st.builds(
    Ledger,
    counts,
    counts,
    st.dictionaries(texts, st.builds(NodeCounts, counts, tallies, tallies, counts, counts, counts, counts), max_size=3),
    st.dictionaries(texts, st.builds(OutputCounts, counts, counts, counts, counts), max_size=3),
)
pieces = st.dictionaries(texts, st.tuples(counts, st.just("0123456789abcdef")), max_size=3)


def _stored(value: str | int) -> object:
    with closing(sqlite3.connect(":memory:")) as connection:
        return connection.execute("select ?", (value,)).fetchone()[0]


@given(st.builds(SpanDone, counts, counts, counts, ledgers, tallies, pieces))
def test_a_span_is_read_as_it_was_written(span: SpanDone):
    row = span_row(7, span)
    assert span_of(SimpleNamespace(**row)) == span
    assert all(isinstance(value, int) or str(value).isascii() for value in row.values())


@given(st.builds(Wish, st.sampled_from(Kind), texts, st.booleans(), st.none() | texts, st.none() | texts))
def test_a_wish_is_read_as_it_was_written(wish: Wish):
    assert wish_of(wish_text(wish)) == wish


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_a_path_is_read_as_it_was_written(name: bytes):
    path = Path(os.fsdecode(name))
    assert path_of(text_of(path)) == path


@given(st.text(st.characters()))
def test_any_text_can_be_stored(text: str):
    kept = plain(text)
    assert "\0" not in kept
    assert _stored(kept) == kept


@pytest.mark.parametrize("text", ["plain ü 中\n\ttext", "back\\slash"])
def test_ordinary_text_is_stored_as_it_is(text: str):
    assert plain(text) == text


@given(st.integers())
def test_any_number_fits_its_column(number: int):
    kept = bounded(number)
    assert _stored(kept) == kept
    assert kept == number or abs(number) >= 2**63

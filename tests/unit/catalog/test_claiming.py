from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linemill.catalog.claiming import life_name
from linemill.catalog.records import Arrived, Kind, Origin
from linemill.files.names import LONGEST_NAME_BYTES

LONG = "x" * 251 + ".txt"


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("a.txt", 1, "a.txt"),
        ("a.txt", 2, "a~2.txt"),
        ("a.tar.gz", 12, "a.tar~12.gz"),
        ("README", 2, "README~2"),
        (".hidden", 2, ".hidden~2"),
        (LONG, 1, LONG),
        (LONG, 2, "x" * 249 + "~2.txt"),
        ("ü" * 126 + ".a", 3, "ü" * 125 + "~3.a"),
        ("a." + "b" * 250, 2, "a." + "b" * 250 + "~2"),
        ("a." + "b" * 253, 2, "a." + "b" * 251 + "~2"),
    ],
)
def test_a_life_has_the_name_of_its_file_with_its_number(name: str, number: int, expected: str):
    assert life_name(name, number) == expected


@given(st.binary(min_size=1, max_size=LONGEST_NAME_BYTES), st.integers(1, 10**9))
def test_a_life_name_is_never_longer_than_file_systems_take(name: bytes, number: int):
    assert len(os.fsencode(life_name(os.fsdecode(name), number))) <= LONGEST_NAME_BYTES


def test_every_file_from_the_inbox_is_a_life_of_its_own(yard, catalog):
    first, second = (yard.claim(catalog, "a.txt") for _ in range(2))
    assert [claim.life_name for claim in first + second] == ["a.txt", "a~2.txt"]
    assert first[0].file_id != second[0].file_id
    assert second[0].place == yard.base / "processing" / "a~2.txt"
    assert second[0].found == yard.base / "inbox" / "a.txt"
    assert (second[0].kind, second[0].tries, second[0].origin) == (Kind.FIRST, 0, Origin.INBOX)


def test_a_number_whose_name_is_taken_is_left_out(yard, catalog):
    assert yard.claim(catalog, "a.txt", taken=("a.txt", "a~2.txt"))[0].life_name == "a~3.txt"


def test_no_two_lives_have_one_name_though_files_are_named_like_lives(yard, catalog):
    yard.claim(catalog, "a.txt")
    together = yard.claim(catalog, "a.txt", "a~2.txt", "a.txt")
    later = yard.claim(catalog, "a~2.txt", "a~3.txt")
    names = [claim.life_name for claim in together + later]
    assert names == ["a~2.txt", "a~2~2.txt", "a~3.txt", "a~2~3.txt", "a~3~2.txt"]


def test_long_names_that_are_shortened_alike_are_kept_apart(yard, catalog):
    alike = ["x" * 250 + end + ".txt" for end in "ab"]
    yard.claim(catalog, *alike)
    again = yard.claim(catalog, *alike)
    assert [claim.life_name for claim in again] == ["x" * 249 + "~2.txt", "x" * 249 + "~3.txt"]


@pytest.mark.parametrize(
    "name", ["two\nlines", os.fsdecode(b"caf\xe9\x85.log"), "\x85\u2028", "{name}", r"back\x85slash", "x" * 255]
)
def test_names_come_back_as_they_were(yard, catalog, name: str):
    (claim,) = yard.claim(catalog, name)
    assert (claim.name, claim.life_name) == (name, name)
    assert claim.found == yard.base / "inbox" / name
    catalog.set_back([claim], 1.0)
    (taken,) = yard.take(catalog)
    assert (taken.name, taken.found, taken.place) == (name, claim.found, claim.place)


def test_a_file_that_stays_in_the_inbox_is_known_there(yard, catalog):
    arrived = yard.arrived("a%.txt", os.fsdecode(b"\xff"), mtime_ns=5)
    options = {"origin": Origin.INBOX, "version_id": yard.version(catalog), "day": "", "now": 1.0}
    catalog.claim(arrived, place_in=None, is_taken=lambda name: False, **options)
    yard.claim(catalog, "moved.txt")
    names = ["a%.txt", os.fsdecode(b"\xff"), "moved.txt", "new.txt"]
    assert catalog.known_in(yard.base / "inbox", names) == {"a%.txt": (10, 5), os.fsdecode(b"\xff"): (10, 5)}
    assert catalog.known_in(yard.base / "in", names) == {}


def test_a_time_of_change_beyond_all_columns_is_no_obstacle(yard, catalog):
    (claim,) = yard.given(catalog, Arrived(Path("/a"), "a", 1, 2**63 + 5, 1.0))
    assert claim.mtime_ns == 2**63 - 1


def test_a_file_that_is_named_again_unchanged_gets_another_attempt(yard, catalog):
    arrived = yard.arrived("a.txt")
    (first,) = yard.given(catalog, *arrived)
    yard.done(catalog, [first], moves_to=None)
    (again,) = yard.given(catalog, *arrived)
    assert (again.file_id, again.kind, again.life_name) == (first.file_id, Kind.REPROCESS, "a.txt")
    assert again.attempt_id != first.attempt_id
    assert again.place == arrived[0].path


def test_a_file_that_failed_and_is_named_again_is_tried_again(yard, catalog):
    (first,) = yard.given(catalog, *yard.arrived("a.txt"))
    catalog.fail([yard.failed(first)], 1.0)
    (again,) = yard.given(catalog, *yard.arrived("a.txt"))
    assert (again.file_id, again.kind, again.tries) == (first.file_id, Kind.RETRY, 0)


def test_a_file_that_is_named_again_and_has_changed_is_another_one(yard, catalog):
    (first,) = yard.given(catalog, *yard.arrived("a.txt"))
    yard.done(catalog, [first])
    (again,) = yard.given(catalog, *yard.arrived("a.txt", mtime_ns=8))
    assert again.file_id != first.file_id
    assert (again.kind, again.life_name) == (Kind.FIRST, "a.txt")


def test_files_of_one_name_from_several_folders_are_several_files(yard, catalog):
    paths = [yard.base / folder / "a.txt" for folder in "xy"]
    arrived = [Arrived(path, "a.txt", 1, 1, 1.0) for path in paths]
    claims = yard.given(catalog, *arrived)
    yard.done(catalog, claims)
    assert [claim.file_id for claim in yard.given(catalog, *arrived)] == [claim.file_id for claim in claims]


def test_claims_of_known_and_new_files_come_in_the_order_given(yard, catalog):
    b, d = yard.arrived("b.txt", "d.txt")
    yard.done(catalog, yard.given(catalog, b, d))
    claims = yard.given(catalog, *yard.arrived("a.txt", "d.txt", "c.txt", "b.txt"))
    assert [claim.name for claim in claims] == ["a.txt", "d.txt", "c.txt", "b.txt"]


def test_standard_input_is_another_file_each_time(yard, catalog):
    stdin = Arrived(None, "stdin", -1, 0, 1.0)
    (first,) = yard.given(catalog, stdin)
    yard.done(catalog, [first], moves_to=None)
    (again,) = yard.given(catalog, stdin)
    assert again.file_id != first.file_id
    assert again.place is None


def test_a_file_that_is_being_worked_on_is_not_worked_on_twice(yard, catalog):
    (first,) = yard.given(catalog, *yard.arrived("a.txt"))
    (again,) = yard.given(catalog, *yard.arrived("a.txt"))
    assert again.file_id != first.file_id


def test_a_file_is_done_only_while_it_stays_as_it_was(yard, catalog):
    (arrived,) = yard.arrived("a.txt")
    (claim,) = yard.given(catalog, arrived)
    assert not catalog.is_done(arrived)
    yard.done(catalog, [claim])
    assert catalog.is_done(arrived)
    assert not catalog.is_done(yard.arrived("a.txt", size=11)[0])


def test_files_are_taken_when_their_time_has_come_the_longest_waiting_first(yard, catalog):
    claims = yard.claim(catalog, "a", "b", "c", "d")
    for claim, at in zip(claims, (30.0, 10.0, 20.0, 99.0), strict=True):
        catalog.fail([yard.failed(claim, at)], 1.0)
    assert [claim.name for claim in yard.take(catalog, 50.0, limit=2)] == ["b", "c"]
    assert [(claim.name, claim.kind, claim.tries) for claim in yard.take(catalog, 50.0)] == [("a", Kind.RETRY, 1)]
    assert yard.take(catalog, 50.0) == []


def test_only_files_that_are_asked_for_are_taken(yard, catalog):
    claims = yard.claim(catalog, "a", "b", "c")
    (given,) = yard.given(catalog, *yard.arrived("d"))
    catalog.set_back([*claims, given], 1.0)
    assert [claim.name for claim in yard.take(catalog, origin=Origin.GIVEN)] == ["d"]
    only = {claims[1].file_id, *range(10**6, 10**6 + 3_000)}
    assert [claim.name for claim in yard.take(catalog, only=only)] == ["b"]
    assert yard.take(catalog, only=()) == []


def test_the_row_of_a_place_is_found_by_the_life_name(yard, catalog):
    (claim,) = yard.claim(catalog, "a.txt")
    assert catalog.whose(Path("/elsewhere/a.txt")) == ("working", claim.place)
    assert catalog.whose(Path("/elsewhere/b.txt")) == (None, None)

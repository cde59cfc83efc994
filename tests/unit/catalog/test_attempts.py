from __future__ import annotations

import pytest

from linemill.catalog.attempts import kind_after
from linemill.catalog.records import AttemptState, Kind, Wish
from linemill.errors import WorldError

RETRY, REPROCESS, REDRIVE = (Wish(kind, "somebody") for kind in (Kind.RETRY, Kind.REPROCESS, Kind.REDRIVE))


@pytest.mark.parametrize(
    ("last", "state", "wish", "was_published", "kind"),
    [
        (Kind.FIRST, AttemptState.TAKEN_BACK, None, False, Kind.FIRST),
        (Kind.FIRST, AttemptState.FAILED, None, False, Kind.RETRY),
        (Kind.RETRY, AttemptState.TAKEN_BACK, None, False, Kind.RETRY),
        (Kind.FIRST, AttemptState.FAILED, REPROCESS, False, Kind.RETRY),
        (Kind.FIRST, AttemptState.PUBLISHED, REPROCESS, True, Kind.REPROCESS),
        (Kind.FIRST, AttemptState.PUBLISHED, REDRIVE, True, Kind.REDRIVE),
        (Kind.REPROCESS, AttemptState.FAILED, RETRY, True, Kind.REPROCESS),
        (Kind.REPROCESS, AttemptState.TAKEN_BACK, None, True, Kind.REPROCESS),
        (Kind.REDRIVE, AttemptState.FAILED, None, True, Kind.REDRIVE),
        (Kind.REDRIVE, AttemptState.FAILED, REPROCESS, True, Kind.REPROCESS),
        (Kind.REDRIVE, AttemptState.PUBLISHED, None, True, Kind.REPROCESS),
    ],
)
def test_what_is_tried_again_replaces_what_is_published_and_nothing_else(last, state, wish, was_published, kind):
    assert kind_after(last, state, wish, was_published=was_published) is kind


def test_what_was_set_back_counts_as_no_try(yard, catalog):
    claims = yard.claim(catalog, "a", "b")
    catalog.set_back(claims, 5.0)
    again = yard.take(catalog)
    assert [(claim.name, claim.kind, claim.tries) for claim in again] == [("a", Kind.FIRST, 0), ("b", Kind.FIRST, 0)]
    assert {claim.attempt_id for claim in again}.isdisjoint(claim.attempt_id for claim in claims)


def test_durable_spans_are_gone_on_with_by_the_same_version(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    spans = [yard.span(0), yard.span(1)]
    catalog.checkpoint(claim, spans[:1])
    catalog.checkpoint(claim, spans[1:])
    catalog.set_back([claim], 5.0)
    (again,) = yard.take(catalog, day="2030-01-01")
    assert again.attempt_id == claim.attempt_id
    assert again.spans == tuple(spans)
    assert again.day == claim.day
    assert yard.value("select state, ended_at from attempt") == ("working", None)


def test_durable_spans_are_gone_with_another_version(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.checkpoint(claim, [yard.span(0)])
    catalog.set_back([claim], 5.0)
    assert catalog.must_stay([claim.attempt_id]) == {claim.attempt_id}
    (again,) = yard.take(catalog, version_id=yard.version(catalog, "another"))
    assert again.attempt_id != claim.attempt_id
    assert again.spans == ()
    assert catalog.must_stay([claim.attempt_id]) == set()
    assert yard.rows("select * from span") == []


def test_spans_that_are_worked_again_take_the_place_of_the_former(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.checkpoint(claim, [yard.span(0), yard.span(1), yard.span(2)])
    catalog.checkpoint(claim, [yard.span(1)])
    catalog.set_back([claim], 5.0)
    assert [span.index for span in yard.take(catalog)[0].spans] == [0, 1]


def test_an_attempt_that_was_gone_on_with_can_fail_with_its_counts(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.checkpoint(claim, [yard.span(0)])
    for _ in range(2):
        catalog.fail([yard.failed(claim, 1.0, counts=False, ledger=yard.ledger())], 1.0)
        (claim,) = yard.take(catalog)
    yard.done(catalog, [claim])
    assert yard.value("select count(*) from node_count") == 1


def test_spans_of_an_attempt_that_is_not_ours_any_more_are_refused(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.set_back([claim], 5.0)
    with pytest.raises(WorldError) as caught:
        catalog.checkpoint(claim, [yard.span(0)])
    assert caught.value.code == "lost"
    with pytest.raises(WorldError):
        yard.open().checkpoint(claim, [yard.span(0)])


def test_a_file_that_never_was_ours_is_forgotten(yard, catalog):
    claims = yard.claim(catalog, "a", "b")
    catalog.forget(claims[:1])
    assert yard.rows("select name from file") == [("b",)]
    assert yard.rows("select file_id from attempt") == [(claims[1].file_id,)]
    assert yard.claim(catalog, "a")[0].life_name == "a"


@pytest.mark.parametrize("state", ["done", "failed", "ready"])
def test_a_file_with_an_earlier_attempt_is_what_it_was_before(yard, catalog, state: str):
    (claim,) = yard.given(catalog, *yard.arrived("a"))
    if state == "done":
        yard.done(catalog, [claim])
    elif state == "failed":
        catalog.fail([yard.failed(claim)], 5.0)
    else:
        catalog.set_back([claim], 5.0)
    (again,) = yard.given(catalog, *yard.arrived("a"))
    catalog.forget([again])
    assert yard.value("select state, attempt_id from file") == (state, claim.attempt_id)


def test_the_number_of_an_attempt_is_never_used_again(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    catalog.forget([claim])
    (later,) = yard.claim(catalog, "b")
    assert later.attempt_id > claim.attempt_id
    assert later.file_id > claim.file_id


def test_a_redrive_that_fails_stays_a_redrive_of_the_same_letters(yard, catalog):
    (claim,) = yard.claim(catalog, "a")
    yard.done(catalog, [claim])
    wish = Wish(Kind.REDRIVE, "somebody", node="node", code="raised")
    catalog.wish([claim.file_id], wish, 5.0)
    (redrive,) = yard.take(catalog)
    assert (redrive.kind, redrive.wish) == (Kind.REDRIVE, wish)
    catalog.fail([yard.failed(redrive, 6.0)], 6.0)
    (again,) = yard.take(catalog)
    assert (again.kind, again.wish, again.tries) == (Kind.REDRIVE, wish, 1)

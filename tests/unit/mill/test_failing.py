from dataclasses import replace

import pytest

from linemill.catalog.records import Kind, Origin
from linemill.errors import BadInput, WorldError
from linemill.mill import failing
from linemill.mill.failing import failed
from linemill.pipeline import After
from linemill.pipeline.graph import Tries

NOW = 1_000.0


@pytest.fixture
def decide(make_pipeline, make_claim, tmp_path, monkeypatch):
    """What becomes of a file whose attempt failed, where there are three tries, two seconds apart at first."""
    monkeypatch.setattr("random.random", lambda: 0.0)
    pipeline = replace(make_pipeline(), tries=Tries(attempts=3, backoff_s=2.0))

    def apply(error, **claim):
        after = After(claim.pop("after", "move"))
        asked = replace(pipeline, watch=replace(pipeline.watch, after=after))
        told = make_claim(**{"origin": Origin.INBOX, **claim})
        return failed(told, error, asked, tmp_path, NOW, ledger=None, raw_bytes=3, seconds=0.5)

    return apply


def _wait(told):
    return told.next_try_at if told.next_try_at is None else told.next_try_at - NOW


@pytest.mark.parametrize(("tries", "wait"), [(0, 2.0), (1, 4.0), (2, None), (5, None)])
@pytest.mark.parametrize("error", [WorldError("input/output error"), BadInput("it changed", code="changed")])
def test_what_may_pass_is_tried_again_later_each_time_until_the_tries_are_used_up(decide, error, tries, wait):
    told = decide(error, tries=tries)
    assert (_wait(told), told.counts) == (wait, True)


def test_what_is_the_files_own_fault_is_not_tried_again(decide, tmp_path):
    told = decide(BadInput("cut off", code="truncated"))
    assert (told.next_try_at, told.counts, told.may_retry) == (None, True, False)
    assert told.moves_to == tmp_path / "failed/in"


@pytest.mark.parametrize("code", ["disk_full", "cannot_write", "foreign_bytes", "cut_off", "undone", "lost", "pipeline_changed"])
def test_what_is_not_the_files_fault_uses_up_no_try(decide, code):
    told = decide(WorldError("no", code=code), tries=9)
    assert (_wait(told), told.counts, told.moves_to) == (failing.SOON_S, False, None)


@pytest.mark.parametrize("code", ["worker_died", "stalled", "memory"])
def test_a_file_that_loses_its_worker_has_one_more_try(decide, code):
    assert _wait(decide(WorldError("no", code=code), tries=0)) == 2.0
    assert _wait(decide(WorldError("no", code=code), tries=1)) is None


@pytest.mark.parametrize(
    ("code", "tries", "is_tried"),
    [("worker_died", 0, True), ("worker_died", 1, False), ("undone", 3, True), ("disk_full", 0, False), ("world", 0, False)],
)
def test_a_run_waits_for_nothing(decide, code, tries, is_tried):
    told = decide(WorldError("no", code=code), origin=Origin.GIVEN, tries=tries)
    assert (told.next_try_at, told.may_retry) == (NOW if is_tried else None, True)
    assert told.moves_to is None


@pytest.mark.parametrize(
    ("claim", "place"),
    [
        ({"life_name": "in~2"}, "failed/in~2"),
        ({"after": "delete"}, "failed/in"),
        ({"after": "keep"}, None),
        ({"kind": Kind.REDRIVE}, None),
    ],
)
def test_the_input_goes_to_the_failed_ones_unless_it_stays(decide, tmp_path, claim, place):
    told = decide(BadInput("cut off", code="truncated"), **claim)
    assert told.moves_to == (place and tmp_path / place)


def test_the_reason_is_told_in_words_with_what_was_done_until_then(decide):
    told = decide(BadInput("cut off", "in", "send it again", code="truncated"))
    assert (told.code, told.reason) == ("truncated", "cut off [in]; send it again")
    assert (told.raw_bytes, told.seconds, told.ledger) == (3, 0.5, None)

import time

import pytest

from linemill.catalog.records import Role
from linemill.errors import WorldError
from linemill.web.credentials import Credential, Means
from linemill.web.gate import FRESH_S, Gate, TooSoon
from linemill.web.slowing import FREE_TRIES


@pytest.fixture
def times():
    return {"clock": 0.0, "now": 1000.0}


@pytest.fixture
def gate(site, times):
    return Gate(site.catalog, site.history, lambda: times["clock"], lambda: times["now"])


def _bearer(secret: str) -> Credential:
    return Credential(Means.BEARER, secret.encode())


def test_a_gate_is_open_until_a_token_was_ever_made(site, gate, times):
    gate.refresh()
    assert gate.is_open
    token = site.catalog.make_token("ann", Role.ADMIN, "a", "me", 1.0, valid_s=1)
    times["clock"] += FRESH_S
    gate.refresh()
    assert not gate.is_open
    site.catalog.revoke_token(token, "me", 2.0)
    times["clock"] += FRESH_S
    gate.refresh()
    assert not gate.is_open
    assert gate.holder(_bearer("a")) is None


def test_what_is_known_of_the_tokens_is_fresh_for_a_moment_only(gate, times):
    assert not gate.is_fresh
    gate.refresh()
    assert gate.is_fresh
    times["clock"] += FRESH_S
    assert not gate.is_fresh
    assert FRESH_S < 2


def test_a_token_expires_while_it_is_known(site, gate, times):
    site.catalog.make_token("ann", Role.ADMIN, "a", "me", 1000.0, valid_s=10)
    gate.refresh()
    assert gate.holder(_bearer("a")) is not None
    times["now"] += 10
    assert gate.is_fresh
    assert gate.holder(_bearer("a")) is None


def test_a_token_that_was_made_this_moment_signs_in(site, gate):
    gate.refresh()
    site.catalog.make_token("ann", Role.ADMIN, "a", "me", 1.0)
    found = gate.sign_in(_bearer("a"), "10.0.0.1")
    assert found is not None
    assert found.name == "ann"


def test_a_failed_sign_in_is_noted_without_what_was_tried(site, gate):
    for _ in range(3):
        assert gate.sign_in(_bearer("lm_tried"), "10.0.0.1\x1b") is None
    events = site.history.events().rows
    assert [(event.who, event.what) for event in events] == [("nobody", "sign_in_failed")]
    assert "lm_tried" not in events[0].detail


def test_whoever_has_to_wait_is_refused_even_with_a_right_token_and_others_are_not(site, gate, times):
    site.catalog.make_token("ann", Role.ADMIN, "a", "me", 1.0)
    for _ in range(FREE_TRIES + 1):
        gate.sign_in(_bearer("wrong"), "10.0.0.1")
    with pytest.raises(TooSoon) as refused:
        gate.sign_in(_bearer("a"), "10.0.0.1")
    assert refused.value.wait_s == 1
    assert gate.sign_in(_bearer("a"), "10.0.0.2") is not None
    times["clock"] += 1
    assert gate.sign_in(_bearer("a"), "10.0.0.1") is not None


def test_an_old_cookie_is_no_failed_sign_in(site, gate):
    for _ in range(FREE_TRIES + 5):
        assert gate.sign_in(Credential(Means.COOKIE, b"old", 1), "10.0.0.1") is None
    gate.hold("10.0.0.1")
    assert site.history.events().rows == ()


def test_a_catalog_that_takes_no_events_changes_nothing_of_a_refusal(site, gate, monkeypatch):
    def refuse(*arguments):
        raise WorldError("the disk is full")

    monkeypatch.setattr(type(site.catalog), "event", refuse)
    assert gate.sign_in(_bearer("wrong"), "10.0.0.1") is None


def test_the_gate_of_an_application_goes_by_the_real_time(site):
    gate = Gate(site.catalog, site.history)
    site.catalog.make_token("ann", Role.ADMIN, "a", "me", time.time(), valid_s=60)
    assert gate.sign_in(_bearer("a"), "") is not None

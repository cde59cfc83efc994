import hashlib
import hmac

import pytest
from sqlalchemy import select

from linemill.catalog import Catalog, schema, tokens
from linemill.catalog.history import History
from linemill.catalog.records import Role
from linemill.errors import UsageError


@pytest.fixture
def opened(tmp_path):
    with Catalog.open(tmp_path, "web") as catalog:
        history = History.open(tmp_path)
        assert history is not None
        with history:
            yield catalog, history


def test_a_token_has_256_random_bits_and_is_never_made_twice():
    made = {tokens.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(secret.startswith("lm_") and len(secret) == 3 + 43 for secret in made)


def test_the_catalog_keeps_nothing_that_signs_anybody_in(opened, tmp_path):
    catalog, _ = opened
    secret = tokens.new_secret()
    made = catalog.make_token("ann", Role.ADMIN, secret, "me", 1.0)
    cookie = hmac.new(secret.encode(), b"linemill cookie", "sha256").hexdigest()
    assert tokens.cookie_of(secret.encode()) == cookie
    assert made.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert made.cookie_digest == hashlib.sha256(cookie.encode()).hexdigest()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert made.digest.encode() in kept
    assert not any(said.encode() in kept for said in (secret, secret.removeprefix("lm_"), cookie))
    assert secret not in repr(made)
    assert made.digest not in repr(made)


def test_a_token_is_valid_until_it_expires_or_is_revoked(opened):
    catalog, history = opened
    forever = catalog.make_token("ann", Role.ADMIN, "a", "me", 1.0)
    brief = catalog.make_token("bob", Role.VIEWER, "b", "me", 1.0, valid_s=10)
    assert [token.is_valid(10.9) for token in (forever, brief)] == [True, True]
    assert [token.is_valid(11.0) for token in (forever, brief)] == [True, False]
    assert catalog.revoke_token(forever, "me", 20.0)
    assert not catalog.revoke_token(forever, "me", 21.0)
    found = history.tokens()
    assert [(token.name, token.revoked_at) for token in found] == [("ann", 20.0), ("bob", None)]
    assert not found[0].is_valid(20.0)


def test_making_and_revoking_leave_an_event_each(opened):
    catalog, history = opened
    made = catalog.make_token("ann", Role.OPERATOR, "secret", "me", 1.0)
    catalog.revoke_token(made, "you", 2.0)
    assert [(event.who, event.what, event.detail) for event in history.events().rows] == [
        ("you", "token_revoked", "ann (id 1), operator"),
        ("me", "token_created", "ann (id 1), operator"),
    ]


def test_two_valid_tokens_never_have_one_name(opened):
    catalog, _ = opened
    first = catalog.make_token("ann", Role.ADMIN, "a", "me", 1.0)
    with pytest.raises(UsageError, match="a valid token of this name"):
        catalog.make_token("ann", Role.ADMIN, "b", "me", 2.0)
    catalog.revoke_token(first, "me", 3.0)
    second = catalog.make_token("ann", Role.ADMIN, "b", "me", 4.0)
    assert second.id > first.id


def test_a_token_without_a_name_gets_one_after_its_role(opened):
    catalog, _ = opened
    names = [catalog.make_token(None, Role.VIEWER, str(number), "me", 1.0).name for number in range(3)]
    assert names == ["viewer", "viewer-2", "viewer-3"]


@pytest.mark.parametrize("name", ["", " a", "a\n", "a\x1b[2J", "\udcff", "‮a", "x" * 65, "17", "local", "mill"])
def test_a_name_that_could_deceive_is_refused(opened, name):
    catalog, history = opened
    with pytest.raises(UsageError):
        catalog.make_token(name, Role.VIEWER, "a", "me", 1.0)
    assert history.tokens() == []


def test_tokens_are_found_by_id_and_name_and_of_several_the_newest(opened):
    catalog, history = opened
    first = catalog.make_token("ann", Role.ADMIN, "a", "me", 1.0)
    catalog.revoke_token(first, "me", 1.0)
    second = catalog.make_token("ann", Role.ADMIN, "b", "me", 1.0)
    found = history.tokens()
    assert tokens.named(found, "1").id == first.id
    assert tokens.named(found, "ann").id == second.id
    for wrong in ("", "bob", "3", "٣", "9" * 5000):
        with pytest.raises(UsageError, match="no such token"):
            tokens.named(found, wrong)


@pytest.mark.parametrize(("text", "seconds"), [("12h", 43_200), ("30d", 2_592_000)])
def test_a_lifetime_is_a_time_as_in_a_pipeline(text, seconds):
    assert tokens.lifetime_s(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "-1d", "1e9d", "for ever", "99999999d", "1d\x1b", "\udcff"])
def test_a_lifetime_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="12h"):
        tokens.lifetime_s(text)


def test_what_is_kept_fits_the_table(opened):
    catalog, _ = opened
    made = catalog.make_token("ann", Role.ADMIN, "a", "me", 1.0, valid_s=1.0)
    with catalog._database.reading() as connection:
        row = connection.execute(select(schema.token)).one()
    assert (row.role, row.made_at, row.expires_at, row.revoked_at) == ("admin", 1.0, 2.0, None)
    assert row.id == made.id

import base64
import hmac
from dataclasses import replace

import pytest

from linemill.catalog.records import Role
from linemill.catalog.tokens import Token, cookie_of, digest_of
from linemill.web import credentials
from linemill.web.credentials import Credential, Means, credential_of, holder_of, written_cookie

SECRET = "lm_secret"
TOKEN = Token(7, "ann", Role.VIEWER, digest_of(b"lm_secret"), digest_of(cookie_of(b"lm_secret").encode()), 1.0, None, None)
COOKIE = written_cookie(7, cookie_of(b"lm_secret"))


def _shown(*headers: tuple[bytes, bytes]) -> Token | None:
    credential = credential_of(headers, "linemill-tag")
    return None if credential is None else holder_of([TOKEN], credential, 2.0)


def _basic(text: bytes) -> bytes:
    return b"Basic " + base64.b64encode(text)


@pytest.mark.parametrize(
    "headers",
    [
        [(b"authorization", b"Bearer lm_secret")],
        [(b"authorization", b"bEARER   lm_secret ")],
        [(b"authorization", _basic(b"anybody:lm_secret"))],
        [(b"authorization", _basic(b":lm_secret"))],
        [(b"authorization", _basic(b"\xff\xfe:lm_secret"))],
        [(b"cookie", b"linemill-tag=" + COOKIE.encode())],
        [(b"cookie", b"a=b; linemill-tag=" + COOKIE.encode() + b"; c=d")],
        [(b"cookie", b"a=b"), (b"cookie", b"linemill-tag=" + COOKIE.encode())],
    ],
)
def test_a_token_is_shown_by_a_header_or_a_cookie(headers):
    assert _shown(*headers) == TOKEN


@pytest.mark.parametrize(
    "headers",
    [
        [(b"authorization", b"")],
        [(b"authorization", b"lm_secret")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer lm_secret2")],
        [(b"authorization", b"Bearer lm_secre")],
        [(b"authorization", b"Bearer LM_SECRET")],
        [(b"authorization", b"Bearer lm_secret lm_secret")],
        [(b"authorization", b"Bearer \xff\xfe\x00")],
        [(b"authorization", b"Bearer " + b"x" * 100_000)],
        [(b"authorization", b"Bearer " + TOKEN.digest.encode())],
        [(b"authorization", b"Bearer " + cookie_of(b"lm_secret").encode())],
        [(b"authorization", b"Digest lm_secret")],
        [(b"authorization", b"Basic lm_secret")],
        [(b"authorization", b"Basic \xff")],
        [(b"authorization", b"Basic " + b"A" * 100_000)],
        [(b"authorization", _basic(b"lm_secret"))],
        [(b"authorization", b"Bearer lm_secret"), (b"authorization", b"Bearer lm_secret")],
        [(b"authorization", b"Bearer wrong"), (b"cookie", b"linemill-tag=" + COOKIE.encode())],
        [(b"cookie", b"linemill-tag=lm_secret")],
        [(b"cookie", b"linemill-tag=7.lm_secret")],
        [(b"cookie", b"linemill-tag=7." + TOKEN.cookie_digest.encode())],
        [(b"cookie", b"linemill-tag=8" + COOKIE[1:].encode())],
        [(b"cookie", b"linemill-tag=-7" + COOKIE[1:].encode())],
        [(b"cookie", b"linemill-tag=" + b"9" * 500 + COOKIE[1:].encode())],
        [(b"cookie", b"linemill-tag=\xd9\xa7" + COOKIE[1:].encode())],
        [(b"cookie", b"linemill-tag=" + COOKIE[:-1].encode())],
        [(b"cookie", b"linemill-tag=" + COOKIE.upper().encode())],
        [(b"cookie", b"linemill-tag=" + b"\xff" * 100_000)],
        [(b"cookie", b"linemill-tag=")],
    ],
)
def test_what_is_not_quite_a_token_is_none(headers):
    assert credential_of(headers, "linemill-tag") is not None
    assert _shown(*headers) is None


@pytest.mark.parametrize("headers", [[], [(b"cookie", b"linemill-other=" + COOKIE.encode())], [(b"cookie", b";;=;")]])
def test_a_request_may_show_nothing(headers):
    assert credential_of(headers, "linemill-tag") is None


@pytest.mark.parametrize("changed", [{"revoked_at": 1.5}, {"expires_at": 2.0}])
def test_a_token_that_is_over_is_nobody_s(changed):
    assert holder_of([TOKEN], Credential(Means.BEARER, SECRET.encode()), 2.0) == TOKEN
    assert holder_of([replace(TOKEN, **changed)], Credential(Means.BEARER, SECRET.encode()), 2.0) is None


def test_every_token_is_compared_as_bytes_in_constant_time(monkeypatch):
    compared = []

    def compare(one, other):
        compared.append((type(one), type(other), len(one) == len(other)))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(credentials, "hmac", type("_", (), {"compare_digest": staticmethod(compare)}))
    others = [replace(TOKEN, id=number, digest=digest_of(str(number).encode())) for number in range(3)]
    assert holder_of([TOKEN, *others], Credential(Means.BEARER, SECRET.encode()), 2.0) == TOKEN
    assert compared == [(bytes, bytes, True)] * 4


def test_a_credential_does_not_show_its_secret():
    assert "secret" not in repr(Credential(Means.BEARER, b"lm_secret")).replace("secret=", "")

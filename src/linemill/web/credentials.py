"""What a request shows to be let in: a token, in a header for programs, or a cookie that was made from one."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from linemill.catalog.tokens import Token, digest_of

LONGEST_BYTES = 1024
"""Of what is shown; tokens have 46, and the cookie has a few more."""

Headers = Sequence[tuple[bytes, bytes]]
"""As ASGI has them: names in lower case."""


class Means(Enum):
    """How it is shown. Browsers send all but the first by themselves, whoever has made them ask."""

    BEARER = auto()
    BASIC = auto()
    COOKIE = auto()


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows.

    Attributes:
        means: How.
        secret: What; empty if it cannot be read, which is never right.
        token_id: Which token a cookie says it was made from; 0 for the others.
    """

    means: Means
    secret: bytes = field(repr=False)
    token_id: int = 0


def values_of(headers: Headers, name: bytes) -> list[bytes]:
    """Give all values of a header."""
    return [value for key, value in headers if key == name]


def credential_of(headers: Headers, cookie_name: str) -> Credential | None:
    """Read what a request shows; None if it shows nothing. A header counts before a cookie.

    Args:
        headers: The request's.
        cookie_name: What our cookie is called.
    """
    said = values_of(headers, b"authorization")
    if said:
        scheme, _, rest = said[0].strip().partition(b" ")
        if scheme.lower() == b"bearer":
            return Credential(Means.BEARER, _bounded(rest.strip()) if len(said) == 1 else b"")
        return Credential(Means.BASIC, _password(scheme, rest.strip()) if len(said) == 1 else b"")
    for one in b";".join(values_of(headers, b"cookie")).split(b";"):
        name, _, value = one.strip().partition(b"=")
        if name == cookie_name.encode():
            return read_cookie(_bounded(value))
    return None


def read_cookie(value: bytes) -> Credential:
    """Read what our cookie says: the number of a token, and what was derived from it."""
    number, _, secret = value.partition(b".")
    if not number.isdigit() or len(number) > 18:
        return Credential(Means.COOKIE, b"")
    return Credential(Means.COOKIE, secret, int(number))


def written_cookie(token_id: int, derived: str) -> str:
    """Write what our cookie says."""
    return f"{token_id}.{derived}"


def holder_of(tokens: Iterable[Token], credential: Credential, now: float) -> Token | None:
    """Give the valid token that a request shows; None if it shows none.

    Every token is compared, in the same time whether it is alike or not.

    Args:
        tokens: Those there are.
        credential: What is shown.
        now: Seconds since 1970.
    """
    digest = digest_of(credential.secret).encode()
    found = None
    for token in tokens:
        kept = token.cookie_digest if credential.means is Means.COOKIE else token.digest
        is_same = hmac.compare_digest(kept.encode(), digest)
        if is_same and credential.token_id in (0, token.id) and token.is_valid(now):
            found = token
    return found


def _bounded(value: bytes) -> bytes:
    return value if len(value) <= LONGEST_BYTES else b""


def _password(scheme: bytes, rest: bytes) -> bytes:
    """Read the password of basic authentication; empty if it is something else."""
    if scheme.lower() != b"basic" or len(rest) > 2 * LONGEST_BYTES:
        return b""
    try:
        return _bounded(base64.b64decode(rest, validate=True).partition(b":")[2])
    except binascii.Error:
        return b""

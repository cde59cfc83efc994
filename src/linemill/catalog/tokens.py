"""Tokens: who may sign in. The catalog keeps of each only what tells a right one from a wrong one (docs/decisions/0011).

A token is sent by programs; browsers send a cookie that is derived from it. Either is compared by its SHA-256.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, select, update

from linemill.catalog import schema
from linemill.catalog.encoding import Row, plain
from linemill.catalog.records import Role
from linemill.errors import UsageError
from linemill.pipeline.part import THE_FILE, text_part
from linemill.pipeline.values import Unfit, age_s

PREFIX = "lm_"
"""What tokens begin with, so that people and scanners of repositories know one when they see it."""

SECRET_BYTES = 32
"""What is random in a token: nobody guesses 256 bits, however fast a guess is."""

LONGEST_NAME = 64

RESERVED = ("local", "mill", "nobody")
"""Names that others have in the events: who need not sign in, the mill itself, who failed to sign in."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, without what it says.

    Attributes:
        id: Its row.
        name: What its deeds are noted under.
        role: What it lets somebody do.
        digest: SHA-256 of the token, in hexadecimal digits.
        cookie_digest: The same of what its cookie says.
        made_at: When it was made.
        expires_at: From when on it is worth nothing; None for never.
        revoked_at: When it was revoked; None if it was not.
    """

    id: int
    name: str
    role: Role
    digest: str = field(repr=False)
    cookie_digest: str = field(repr=False)
    made_at: float
    expires_at: float | None
    revoked_at: float | None

    def is_valid(self, now: float) -> bool:
        """Tell whether somebody can sign in with it."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def new_secret() -> str:
    """Make up what a token says."""
    return PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def digest_of(secret: bytes) -> str:
    """Give what is kept of a token, or of a cookie: no slow hash, since nobody can go through 256 random bits."""
    return hashlib.sha256(secret).hexdigest()


def cookie_of(secret: bytes) -> str:
    """Derive what the cookie says: it signs its browser in, and tells nobody the token."""
    return hmac.new(secret, b"linemill cookie", hashlib.sha256).hexdigest()


def lifetime_s(text: str) -> float:
    """Read for how long a token is to be valid: `12h`, `30d`.

    Raises:
        UsageError: It is no time.
    """
    try:
        return age_s(text_part(text, THE_FILE))
    except Unfit as error:
        raise UsageError(f"a token cannot be valid for {plain(text)!r}", hint="name a time such as 12h, 30d or 365d") from error


def listed(connection: Connection) -> list[Token]:
    """List all tokens that were ever made, the first one first."""
    rows = connection.execute(select(schema.token).order_by(schema.token.c.id)).all()
    return [_token(row) for row in rows]


def make(connection: Connection, *, name: str | None, role: Role, secret: str, expires_at: float | None, now: float) -> Token:
    """Write down a new token.

    Args:
        connection: A transaction that writes.
        name: What its deeds are noted under; None for one after the role.
        role: What it lets somebody do.
        secret: What it says.
        expires_at: From when on it is worth nothing; None for never.
        now: Seconds since 1970.

    Raises:
        UsageError: The name cannot be one, or a valid token has it.
    """
    taken = {token.name for token in listed(connection) if token.is_valid(now)}
    if name is None:
        name = next(one for one in _names_after(role) if one not in taken)
    _hold_name(name)
    if name in taken:
        raise UsageError("there is a valid token of this name", name, "take another name, or revoke that one first")
    values = {
        "name": name,
        "role": role.value,
        "digest": digest_of(secret.encode()),
        "cookie_digest": digest_of(cookie_of(secret.encode()).encode()),
        "made_at": now,
        "expires_at": expires_at,
    }
    return _token(connection.execute(insert(schema.token).returning(*schema.token.c), [values]).one())


def revoke(connection: Connection, token_id: int, now: float) -> bool:
    """Make a token worth nothing; give whether it was worth something before."""
    table = schema.token.c
    still = update(schema.token).where(table.id == token_id, table.revoked_at.is_(None)).values(revoked_at=now)
    return connection.execute(still).rowcount > 0


def named(tokens: Sequence[Token], text: str) -> Token:
    """Give the token that somebody means: by id, or by name; of several of one name the newest.

    Raises:
        UsageError: There is none.
    """
    by_id = [token for token in tokens if text.isascii() and text.isdigit() and token.id == int(text[:19])]
    found = by_id or [token for token in tokens if token.name == text]
    if not found:
        raise UsageError("there is no such token", plain(text), "`linemill token list` lists them")
    return found[-1]


def _token(row: Row) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        digest=row.digest,
        cookie_digest=row.cookie_digest,
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def _names_after(role: Role) -> Sequence[str]:
    return [role.value, *(f"{role.value}-{number}" for number in range(2, 10_000))]


def _hold_name(name: str) -> None:
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        what = f"a token's name has 1 to {LONGEST_NAME} printable characters, and no space around them"
        raise UsageError(what, ascii(name[:LONGEST_NAME]))
    if name.isdigit() or name in RESERVED:
        raise UsageError("a token cannot have this name", name, f"no number, and none of: {', '.join(RESERVED)}")

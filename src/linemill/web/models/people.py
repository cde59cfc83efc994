"""Who may sign in, and who did what."""

from __future__ import annotations

from pydantic import Field

from linemill.catalog.records import Role
from linemill.web.models.answer import Answer


class EventItem(Answer):
    """Something that somebody did, or asked for."""

    id: int
    at: float
    who: str
    what: str
    file_id: int | None
    file: str | None
    detail: str


class EventList(Answer):
    """`GET /events`."""

    events: tuple[EventItem, ...]
    after: str | None


class TokenItem(Answer):
    """A token; what it says itself is shown only once, when it is made."""

    id: int
    name: str
    role: Role
    made_at: float
    expires_at: float | None
    revoked_at: float | None
    is_valid: bool


class TokenList(Answer):
    """`GET /tokens`."""

    tokens: tuple[TokenItem, ...]


class TokenMade(Answer):
    """`POST /tokens`."""

    token: TokenItem
    secret: str = Field(description="Shown this once.")


class SignIn(Answer):
    """`GET /sign-in`."""

    is_needed: bool = Field(description="Whether anybody has to sign in: not before the first token is made.")
    back: str = Field(description="Where to go on.")
    error: str = Field("", description="Why it failed, in words.")


class SignedIn(Answer):
    """`POST /sign-in`; the cookie is in the answer's headers."""

    name: str
    role: Role

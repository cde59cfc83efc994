"""`/tokens`: who may sign in."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response

from linemill.catalog.records import Role
from linemill.catalog.tokens import LONGEST_NAME, Token, lifetime_s, new_secret
from linemill.web.access import who_of
from linemill.web.answers import GOES_ON, PAGE_TOO, answer, go_on, in_json, wants_page
from linemill.web.asking import Row, gate_of, site_of
from linemill.web.models import TokenItem, TokenList, TokenMade
from linemill.web.site import Site
from linemill.web.threads import waits

router = APIRouter()


@router.get("/tokens", response_model=TokenList, responses=PAGE_TOO)
def tokens(request: Request) -> Response:
    """List all tokens that were ever made, the first one first; what they say is nowhere."""
    return answer(request, _listed(site_of(request)), "tokens.html", made=None)


@router.post(
    "/tokens",
    response_model=TokenMade,
    status_code=201,
    responses={201: PAGE_TOO[200]},
)
@waits
def make_token(
    request: Request,
    role: Annotated[Role, Form(description="What it lets somebody do.")],
    name: Annotated[
        str, Form(max_length=LONGEST_NAME, description="What its deeds are noted under; one after the role, if empty.")
    ] = "",
    expires: Annotated[str, Form(max_length=32, description="For how long it is valid: `12h`, `30d`; for ever, if empty.")] = "",
) -> Response:
    """Make a token, and show this once what it says."""
    site = site_of(request)
    secret, valid_s = new_secret(), lifetime_s(expires) if expires else None
    token = site.catalog.make_token(name.strip() or None, role, secret, who_of(request).name, time.time(), valid_s=valid_s)
    gate_of(request).refresh()
    made = TokenMade(token=_item(token), secret=secret)
    if wants_page(request):
        return answer(request, _listed(site), "tokens.html", status=201, made=made)
    return in_json(made, 201)


@router.post("/tokens/{id}/revoke", response_model=TokenItem, responses=GOES_ON)
@waits
def revoke_token(request: Request, id: Row) -> Response:
    """Let nobody sign in with a token any more. One that is worth nothing already stays as it is."""
    site = site_of(request)
    found = {token.id: token for token in site.history.tokens()}.get(id)
    if found is None:
        raise HTTPException(404, f"there is no token {id}")
    site.catalog.revoke_token(found, who_of(request).name, time.time())
    gate_of(request).refresh()
    if wants_page(request):
        return go_on("/tokens")
    after = next(token for token in site.history.tokens() if token.id == id)
    return in_json(_item(after))


def _listed(site: Site) -> TokenList:
    return TokenList(tokens=tuple(map(_item, site.history.tokens())))


def _item(token: Token) -> TokenItem:
    return TokenItem(
        id=token.id,
        name=token.name,
        role=token.role,
        made_at=token.made_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        is_valid=token.is_valid(time.time()),
    )

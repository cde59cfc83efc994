"""`/tokens`: who may sign in."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi import Path as InPath

from linemill.catalog.records import Role
from linemill.catalog.tokens import LONGEST_NAME, Token, lifetime_s, new_secret
from linemill.web.access import who_of
from linemill.web.answers import PAGE_TOO, VARY, answer, wants_page
from linemill.web.models import TokenItem, TokenList, TokenMade
from linemill.web.site import Site

router = APIRouter()

LARGEST_ID = 2**63 - 1


@router.get("/tokens", response_model=TokenList, responses=PAGE_TOO)
def tokens(request: Request) -> Response:
    """List all tokens that were ever made, the first one first; what they say is nowhere."""
    return answer(request, _listed(request.app.state.site), "tokens.html", made=None)


@router.post(
    "/tokens",
    response_model=TokenMade,
    status_code=201,
    responses={201: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
def make_token(
    request: Request,
    role: Annotated[Role, Form(description="What it lets somebody do.")],
    name: Annotated[
        str, Form(max_length=LONGEST_NAME, description="What its deeds are noted under; one after the role, if empty.")
    ] = "",
    expires: Annotated[str, Form(max_length=32, description="For how long it is valid: `12h`, `30d`; for ever, if empty.")] = "",
) -> Response:
    """Make a token, and show this once what it says."""
    site: Site = request.app.state.site
    secret, valid_s = new_secret(), lifetime_s(expires) if expires else None
    token = site.catalog.make_token(name.strip() or None, role, secret, who_of(request).name, time.time(), valid_s=valid_s)
    request.app.state.gate.refresh()
    made = TokenMade(token=_item(token), secret=secret)
    if wants_page(request):
        return answer(request, _listed(site), "tokens.html", status=201, made=made)
    return Response(made.model_dump_json(), 201, VARY, "application/json")


@router.post(
    "/tokens/{token_id}/revoke",
    response_model=TokenItem,
    responses={303: {"description": "For a browser: to the list of tokens."}},
)
def revoke_token(
    request: Request, token_id: Annotated[int, InPath(ge=1, le=LARGEST_ID, description="The token's row.")]
) -> Response:
    """Let nobody sign in with a token any more. One that is worth nothing already stays as it is."""
    site: Site = request.app.state.site
    found = {token.id: token for token in site.history.tokens()}.get(token_id)
    if found is None:
        raise HTTPException(404, f"there is no token {token_id}")
    site.catalog.revoke_token(found, who_of(request).name, time.time())
    request.app.state.gate.refresh()
    if wants_page(request):
        return Response(status_code=303, headers={**VARY, "Location": "/tokens"})
    after = next(token for token in site.history.tokens() if token.id == token_id)
    return Response(_item(after).model_dump_json(), 200, VARY, "application/json")


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

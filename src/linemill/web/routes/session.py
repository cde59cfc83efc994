"""`/sign-in` and `/sign-out`: the cookie.

It says which token it was made from and what was derived from that; the token itself is in no browser's keeping.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from linemill.catalog.tokens import Token, cookie_of
from linemill.web.access import cookie_name, too_soon
from linemill.web.answers import GOES_ON, PAGE_TOO, SaidNo, answer, go_on, in_json, refusal, wants_page
from linemill.web.asking import gate_of, site_of
from linemill.web.credentials import LONGEST_BYTES, Credential, Means, written_cookie
from linemill.web.gate import TooSoon
from linemill.web.links import LONGEST_PATH, own_path
from linemill.web.models import SignedIn, SignIn
from linemill.web.origins import address_of, is_secure
from linemill.web.threads import waits

router = APIRouter()

FIRST_PAGE = "/stats"


@router.get("/sign-in", response_model=SignIn, responses=PAGE_TOO)
def sign_in_page(
    request: Request,
    back: Annotated[str, Query(max_length=LONGEST_PATH, description="The path to go on to.")] = FIRST_PAGE,
) -> Response:
    """Ask for a token."""
    gate = gate_of(request)
    gate.refresh()
    return answer(request, SignIn(is_needed=not gate.is_open, back=own_path(back, FIRST_PAGE)), "sign_in.html")


@router.post("/sign-in", response_model=SignedIn, responses=GOES_ON)
@waits
def sign_in(
    request: Request,
    token: Annotated[str, Form(max_length=LONGEST_BYTES, description="The token.")] = "",
    back: Annotated[str, Form(max_length=LONGEST_PATH, description="The path to go on to.")] = FIRST_PAGE,
) -> Response:
    """Take a token, and give a cookie for it."""
    gate = gate_of(request)
    secret = token.strip().encode(errors="replace")
    back = own_path(back, FIRST_PAGE)
    try:
        found = gate.sign_in(Credential(Means.BASIC, secret), address_of(request.scope))
    except TooSoon as error:
        return _again(request, back, too_soon(error))
    if found is None:
        return _again(request, back, SaidNo(401, "not_signed_in", "there is no such token, or it is not valid any more"))
    document = SignedIn(name=found.name, role=found.role)
    response = go_on(back) if wants_page(request) else in_json(document)
    _give_cookie(request, response, found, secret)
    return response


@router.post("/sign-out", status_code=204, responses=GOES_ON)
def sign_out(request: Request) -> Response:
    """Take the cookie back. The token stays valid."""
    response = go_on("/sign-in") if wants_page(request) else Response(status_code=204)
    response.delete_cookie(_cookie(request), httponly=True, samesite="strict", secure=is_secure(request.scope))
    return response


def _again(request: Request, back: str, no: SaidNo) -> Response:
    if not wants_page(request):
        return refusal(request, no)
    words = f"{no.trouble.what}; {no.trouble.hint}" if no.trouble.hint else no.trouble.what
    document = SignIn(is_needed=True, back=back, error=words)
    return answer(request, document, "sign_in.html", status=no.status, headers=no.headers)


def _give_cookie(request: Request, response: Response, token: Token, secret: bytes) -> None:
    value = written_cookie(token.id, cookie_of(secret))
    # Without an end of its own: the browser's, the token's or a sign-out is soon enough.
    response.set_cookie(_cookie(request), value, httponly=True, samesite="strict", secure=is_secure(request.scope))


def _cookie(request: Request) -> str:
    return cookie_name(site_of(request).catalog.tag)

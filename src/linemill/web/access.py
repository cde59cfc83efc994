"""Who asks, and what they may do: one ASGI middleware for every path, by the one table of `rights`.

`credentials` reads what a request shows, `gate` knows whose it is, `origins` where it comes from, `slowing` who has to wait.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linemill.catalog.records import Role
from linemill.errors import WorldError
from linemill.web.answers import Form, SaidNo, form_of, go_on, refusal, wants_page
from linemill.web.credentials import Credential, Means, credential_of, values_of
from linemill.web.gate import Gate, TooSoon
from linemill.web.links import own_path, path_of
from linemill.web.origins import address_of, is_browser, is_foreign, is_loopback, is_loopback_host, was_forwarded
from linemill.web.rights import EVERYBODY, UPLOAD, Place, Way, needed
from linemill.web.threads import apart

LOCAL = "local"
"""Who asks where nobody has to sign in."""

COOKIE = "linemill"
"""What our cookie is called, with the catalog's tag behind it: browsers give one to all ports of a machine."""

LONGEST_FORM_BYTES = 32 * 2**10
"""Of a body that is no upload: whoever has not signed in may send no more than that."""

SAFE_METHODS = ("GET", "HEAD")
"""What changes nothing."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks.

    Attributes:
        name: The token's; `LOCAL` where nobody has to sign in; empty for who has not signed in.
        role: What they may do; None for nothing but what everybody may.
    """

    name: str
    role: Role | None

    def may(self, role: Role) -> bool:
        """Tell whether they may do what a role may."""
        ranks = list(Role)
        return self.role is not None and ranks.index(self.role) >= ranks.index(role)


NOBODY = Who("", None)
"""Who asks for what everybody may see."""


def who_of(request: Request) -> Who:
    """Tell who makes a request."""
    who = request.scope.get("who", NOBODY)
    assert isinstance(who, Who)
    return who


class Access:
    """Lets a request through to the application, or refuses it.

    Args:
        app: The application.
        gate: Knows who may come in.
        way: Knows where requests go.
        tag: The catalog's.
    """

    def __init__(self, app: ASGIApp, gate: Gate, way: Way, tag: str) -> None:
        self._app = app
        self._gate = gate
        self._way = way
        self._cookie = cookie_name(tag)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. WebSockets, which we have none of, are refused."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        inner = {**scope, "method": "GET" if scope["method"] == "HEAD" else scope["method"]}
        request = Request(scope)
        place = self._way.of(inner)
        credential = credential_of(scope["headers"], self._cookie)
        try:
            role = needed(place)
            _hold_origin(scope, credential)
            if role is EVERYBODY:
                inner["who"] = NOBODY
            else:
                inner["who"] = scope["who"] = await self._who(scope, credential)
                _hold_role(scope["who"], role)
            if isinstance(place, Place):
                _hold_method(self._way.besides(inner))
            if place != UPLOAD:
                _hold_length(scope)
        except SaidNo as no:
            response = _to_sign_in(request) if no.status == 401 and wants_page(request) else refusal(request, no)
            await response(scope, receive, send)
            return
        except WorldError as error:
            await refusal(request, SaidNo(503, error.code, error.what, hint=error.hint))(scope, receive, send)
            return
        sent = _Sent(send, self._gate, credential, has_body=scope["method"] != "HEAD")
        try:
            await self._app(inner, receive, sent)
        except* _Enough:
            pass

    async def _who(self, scope: Scope, credential: Credential | None) -> Who:
        """Tell who makes a request.

        Raises:
            SaidNo: Nobody that we know; or they have to wait.
            WorldError: The catalog cannot be read.
        """
        if not self._gate.is_fresh:
            await apart(self._gate.refresh)
        if self._gate.is_open:
            _hold_local(scope)
            return Who(LOCAL, Role.ADMIN)
        if credential is None:
            raise _not_signed_in(scope, "nobody has signed in")
        try:
            if credential.means is Means.COOKIE:
                token = self._gate.holder(credential)
            else:
                self._gate.hold(address := address_of(scope))
                token = self._gate.holder(credential) or await apart(self._gate.sign_in, credential, address)
        except TooSoon as error:
            raise too_soon(error) from error
        if token is None:
            raise _not_signed_in(scope, "there is no such token, or it is not valid any more")
        return Who(token.name, token.role)


def cookie_name(tag: str) -> str:
    """Name our cookie."""
    return f"{COOKIE}-{tag}"


def too_soon(error: TooSoon) -> SaidNo:
    """Say that somebody has to wait."""
    seconds = math.ceil(error.wait_s)
    what = "too many sign-ins have failed from this address"
    hint = f"wait for {seconds} s, and sign in with a valid token"
    return SaidNo(429, "too_many_tries", what, hint=hint, headers={"Retry-After": str(seconds)})


def _not_signed_in(scope: Scope, what: str) -> SaidNo:
    challenge = 'Bearer realm="linemill"'
    if not is_browser(scope["headers"]) and form_of(_accept(scope)) is Form.JSON:
        challenge += ', Basic realm="linemill", charset="UTF-8"'
    hint = "send a token: `Authorization: Bearer lm_...`, or as a password; `linemill token create` makes one"
    return SaidNo(401, "not_signed_in", what, hint=hint, headers={"WWW-Authenticate": challenge})


def _to_sign_in(request: Request) -> Response:
    """Send a browser to the page where its user can sign in, and from there back."""
    query = request.scope["query_string"].decode("latin-1")
    path = path_of(request.scope)
    asked = own_path(f"{path}?{query}" if query else path, "") if request.method in SAFE_METHODS else ""
    back = f"?back={quote(asked)}" if asked else ""
    return go_on(f"/sign-in{back}")


def _accept(scope: Scope) -> str:
    return b",".join(values_of(scope["headers"], b"accept")).decode("latin-1")


def _hold_origin(scope: Scope, credential: Credential | None) -> None:
    """Refuse what a page of somebody else's may have a browser do.

    Raises:
        SaidNo: It may.
    """
    means = credential.means if credential is not None else None
    if scope["method"] not in SAFE_METHODS and is_foreign(scope["headers"], means):
        what = "this was not asked for by a page of this site"
        hint = "reload the page and try again; a program sends its token as `Authorization: Bearer lm_...`"
        raise SaidNo(403, "foreign_page", what, hint=hint)


def _hold_local(scope: Scope) -> None:
    """Refuse what may come from elsewhere, as long as nobody has to sign in.

    Raises:
        SaidNo: It may.
    """
    server = scope.get("server")
    if not server or not is_loopback(str(server[0])) or was_forwarded(scope["headers"]):
        raise _not_signed_in(scope, "nobody can sign in yet: there is no token")
    if not is_loopback_host(scope["headers"]):
        what = "as long as there is no token, this is only for who asks for it by a name of this machine"
        hint = "open it as http://localhost and its port, or make a token: `linemill token create --role admin`"
        raise SaidNo(403, "foreign_host", what, "Host", hint)


def _hold_role(who: Who, role: Role) -> None:
    if not who.may(role):
        what = f"this is for the role {role}, and {who.name} is {who.role}"
        raise SaidNo(403, "forbidden", what, hint="sign in with another token")


def _hold_method(others: set[tuple[str, str]]) -> None:
    """Say which methods a path has, if it has others; the router would say those of its first route only.

    Raises:
        SaidNo: It has.
    """
    if others:
        allowed = ", ".join(sorted(method for method, _ in others))
        what = f"this path is for {allowed} only"
        raise SaidNo(405, "method_not_allowed", what, headers={"Allow": allowed})


def _hold_length(scope: Scope) -> None:
    """Refuse a body that is too long, or may be: servers hold that no body is longer than its header says.

    Raises:
        SaidNo: It is.
    """
    lengths = values_of(scope["headers"], b"content-length")
    is_known = not values_of(scope["headers"], b"transfer-encoding") and all(one.isdigit() for one in lengths)
    if not is_known or any(len(one) > 9 or int(one) > LONGEST_FORM_BYTES for one in lengths):
        what = f"a form has at most {LONGEST_FORM_BYTES:,} bytes, and says how many"
        raise SaidNo(413, "too_long", what, "Content-Length")


class _Enough(Exception):
    """An answer is complete for who gets it, whatever the application would still say."""


class _Sent:
    """Sends what the application answers: only the head for HEAD, and a stream only as long as its listener may listen."""

    def __init__(self, send: Send, gate: Gate, credential: Credential | None, *, has_body: bool) -> None:
        self._send = send
        self._gate = gate
        self._credential = credential
        self._has_body = has_body
        self._is_stream = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._is_stream = any(
                name.lower() == b"content-type" and value.startswith(Form.STREAM.encode()) for name, value in message["headers"]
            )
            await self._send(message)
            if self._has_body:
                return
        elif not self._is_stream or await self._may_go_on():
            await self._send(message)
            return
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        raise _Enough

    async def _may_go_on(self) -> bool:
        try:
            if not self._gate.is_fresh:
                await apart(self._gate.refresh)
        except WorldError:
            return False
        return self._gate.is_open or (self._credential is not None and self._gate.holder(self._credential) is not None)

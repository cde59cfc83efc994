"""Where a request comes from: whether from this machine, and whether from a page of ours; and where there may be any."""

from __future__ import annotations

import ipaddress
import re
import time

from starlette.types import Scope

from linemill.catalog.history import History
from linemill.errors import UsageError
from linemill.web.credentials import Headers, Means, values_of

_HOST = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]{2,45})\]|(?P<name>[^\[\]:/?#@\\\s]{1,255}))(?::[0-9]{1,5})?")

FORWARDED = (b"forwarded", b"via", b"x-forwarded", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"cf-connecting-ip")
"""How the names of headers begin that proxies add. Behind one everybody seems to be on this machine."""


def is_loopback(address: str) -> bool:
    """Tell whether an address, or the name of this machine for itself, can be reached from this machine only."""
    name = address.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_loopback_host(headers: Headers) -> bool:
    """Tell whether a request was made to a name that can only mean this machine.

    A page of somebody else's may let its own name point to 127.0.0.1, and be taken for a page of ours by its browser. The name
    gives it away.
    """
    hosts = values_of(headers, b"host")
    found = _HOST.fullmatch(hosts[0].decode("latin-1")) if len(hosts) == 1 else None
    if found is None:
        return False
    if found["six"] is not None:
        return ":" in found["six"] and is_loopback(found["six"])
    return is_loopback(found["name"])


def was_forwarded(headers: Headers) -> bool:
    """Tell whether a request came through a proxy that says so."""
    return any(name.startswith(FORWARDED) for name, _ in headers)


def address_of(scope: Scope) -> str:
    """Tell whose failed sign-ins are counted together: where a request comes from.

    A proxy on this machine says where by `X-Forwarded-For`, whose last address is its own doing. Anybody else's is not believed.
    """
    client = scope.get("client")
    address = str(client[0]) if client else ""
    said = values_of(scope["headers"], b"x-forwarded-for")
    if said and is_loopback(address):
        return said[-1].rpartition(b",")[2].strip()[:64].decode("latin-1")
    return address


def is_secure(scope: Scope) -> bool:
    """Tell whether a browser asks by TLS, if need be of a proxy that says so: then its cookie is for TLS only."""
    return scope["scheme"] == "https" or values_of(scope["headers"], b"x-forwarded-proto") == [b"https"]


def is_browser(headers: Headers) -> bool:
    """Tell whether a browser asks, which would ask its user for a name and a password by itself."""
    return any(name.startswith(b"sec-fetch-") or name == b"cookie" for name, _ in headers)


def is_foreign(headers: Headers, means: Means | None) -> bool:
    """Tell whether a request that changes something may have been made by a page of somebody else's.

    Browsers say where a request comes from: by `Sec-Fetch-Site`, unless they are old or there is no TLS, and by `Origin`. They
    never send a bearer header by themselves, and they send a cookie with everything; programs say nothing, and have no cookie.

    Args:
        headers: The request's.
        means: How it shows who makes it.
    """
    if means is Means.BEARER:
        return False
    sites, origins = values_of(headers, b"sec-fetch-site"), values_of(headers, b"origin")
    if sites:
        return sites != [b"same-origin"]
    if origins:
        hosts = values_of(headers, b"host")
        return len(origins) > 1 or len(hosts) != 1 or not _is_at(origins[0], hosts[0])
    return means is Means.COOKIE


def check_may_serve(host: str, history: History) -> None:
    """Hold that nobody can do what they like from another machine.

    Args:
        host: The address that is to be served on, as somebody has named it.
        history: The catalog.

    Raises:
        UsageError: It can be reached from other machines, and nobody could sign in.
    """
    if not is_loopback(host) and not any(token.is_valid(time.time()) for token in history.tokens()):
        raise UsageError(
            "an address that other machines can reach is served only to who signs in, and there is no valid token",
            host,
            "make one: linemill token create --role admin",
        )


def _is_at(origin: bytes, host: bytes) -> bool:
    scheme, separator, rest = origin.lower().partition(b"://")
    return bool(separator and rest) and scheme in (b"http", b"https") and rest == host.lower()

"""Who may do what: the one table, for the API and the pages alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from types import MappingProxyType

from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import Scope

from linemill.catalog.records import Role

EVERYBODY = None
"""Instead of a role: nobody has to sign in."""

UPLOAD = ("POST", "/files")

RIGHTS: Mapping[tuple[str, str], Role | None] = MappingProxyType(
    {
        ("GET", "/health"): EVERYBODY,
        ("GET", "/ready"): EVERYBODY,
        ("GET", "/static/{}"): EVERYBODY,
        ("GET", "/sign-in"): EVERYBODY,
        ("POST", "/sign-in"): EVERYBODY,
        ("POST", "/sign-out"): EVERYBODY,
        ("GET", "/"): Role.VIEWER,
        ("GET", "/openapi.json"): Role.VIEWER,
        ("GET", "/stats"): Role.VIEWER,
        ("GET", "/metrics"): Role.VIEWER,
        ("GET", "/files"): Role.VIEWER,
        ("GET", "/files/{}"): Role.VIEWER,
        ("GET", "/files/{}/outputs/{}"): Role.VIEWER,
        ("GET", "/errors"): Role.VIEWER,
        ("GET", "/trace"): Role.VIEWER,
        ("GET", "/pipeline"): Role.VIEWER,
        ("GET", "/pipeline/nodes/{}"): Role.VIEWER,
        ("GET", "/pipeline/versions/{}"): Role.VIEWER,
        ("GET", "/events"): Role.VIEWER,
        UPLOAD: Role.OPERATOR,
        ("POST", "/files/{}/retry"): Role.OPERATOR,
        ("POST", "/files/{}/reprocess"): Role.OPERATOR,
        ("POST", "/files/{}/redrive"): Role.OPERATOR,
        ("POST", "/errors/redrive"): Role.OPERATOR,
        ("POST", "/pause"): Role.OPERATOR,
        ("POST", "/resume"): Role.OPERATOR,
        ("GET", "/tokens"): Role.ADMIN,
        ("POST", "/tokens"): Role.ADMIN,
        ("POST", "/tokens/{}/revoke"): Role.ADMIN,
    }
)
"""By method and path. A route that is not in it is for admins: forgetting one opens nothing."""


class Place(Enum):
    """Where a request goes that goes to no route of the table."""

    UNKNOWN_ROUTE = auto()
    OTHER_METHOD = auto()
    """A path that everybody may see, asked for by a method that it does not have."""
    NOWHERE = auto()


class Way:
    """Where requests go, found as the application itself finds it.

    Args:
        routes: All routes of the application, in its order; those of a router in its place are looked through, too.
        others: What the application goes through itself; tells whether there is anything behind a path that `routes` lacks.
    """

    def __init__(self, routes: Iterable[BaseRoute], others: Iterable[BaseRoute]) -> None:
        self._routes = [route for route in routes if isinstance(route, Route | Mount)]
        self._others = list(others)

    def pairs(self) -> set[tuple[str, str]]:
        """Give the method and the path of all routes, as the table writes them."""
        return {(method, _path(route)) for route in self._routes for method in _methods(route) if method != "HEAD"}

    def of(self, scope: Scope) -> tuple[str, str] | Place:
        """Tell where a request goes.

        Args:
            scope: The request's; its method is not HEAD.
        """
        for route in self._routes:
            if route.matches(dict(scope))[0] is Match.FULL:
                return scope["method"], _path(route)
        if any(route.matches(dict(scope))[0] is Match.FULL for route in self._others):
            return Place.UNKNOWN_ROUTE
        if any(RIGHTS.get(pair, Role.ADMIN) is EVERYBODY for pair in self.besides(scope)):
            return Place.OTHER_METHOD
        return Place.NOWHERE

    def besides(self, scope: Scope) -> set[tuple[str, str]]:
        """Give where requests of other methods for the same path go."""
        routes = [route for route in self._routes if route.matches(dict(scope))[0] is Match.PARTIAL]
        return {(method, _path(route)) for route in routes for method in _methods(route)}


def needed(place: tuple[str, str] | Place) -> Role | None:
    """Tell which role a request needs; `EVERYBODY` for none.

    Whoever asks for what is not there has to sign in, too: what is there is nobody else's business.
    """
    if place is Place.NOWHERE:
        return Role.VIEWER
    if place is Place.OTHER_METHOD:
        return EVERYBODY
    return Role.ADMIN if isinstance(place, Place) else RIGHTS.get(place, Role.ADMIN)


def _methods(route: Route | Mount) -> set[str]:
    return {"GET"} if isinstance(route, Mount) else set(route.methods or ())


def _path(route: Route | Mount) -> str:
    """Write a path without the names of its parts."""
    return re.sub(r"\{[^}]*\}", "{}", route.path_format)

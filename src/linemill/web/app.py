"""The ASGI application: all routes, one body for refusals, and around them who may do what."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from linemill import __version__
from linemill.errors import LinemillError, UsageError
from linemill.web.access import Access, cookie_name
from linemill.web.answers import SaidNo, refusal
from linemill.web.describing import describe_rights
from linemill.web.documents.texts import here, said
from linemill.web.gate import Gate
from linemill.web.headers import Headed
from linemill.web.metrics import registry_of
from linemill.web.models import Refusal
from linemill.web.pages import Pages
from linemill.web.rights import Way
from linemill.web.routes import ROUTERS
from linemill.web.shortcut import Shortcut
from linemill.web.snapshot import Snapshots
from linemill.web.streams import Streams

if TYPE_CHECKING:
    from linemill.web.site import Site

REFUSALS: dict[int | str, dict[str, object]] = {
    status: {"model": Refusal, "description": HTTPStatus(status).phrase}
    for status in (400, 401, 403, 404, 405, 413, 422, 429, 500, 503)
}
"""What any route may say no with."""


ABOUT = """See what a linemill does, and act.

Every path answers programs with JSON, and browsers (`Accept: text/html`) with a page; `/stats` also answers with a stream of
events. Lists are cut in pages: `after` of an answer is the `after` of the request for the next page. Actions are forms
(`curl -d`). Names are on one line of printable characters, and text has bytes that are not UTF-8 as `\\xNN`. Times are
seconds since 1970 (UTC). Whatever is refused is refused with one body.
"""


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            describe_rights(super().openapi(), cookie_name(self.state.site.catalog.tag))
        return super().openapi()

    def build_middleware_stack(self) -> ASGIApp:
        # Around all of it: what answers when the application breaks is no middleware that could be added.
        return Headed(super().build_middleware_stack())


def application(site: Site) -> FastAPI:
    """Build the application over a catalog.

    Args:
        site: What it is about; whoever gives it closes it.
    """
    app = _Application(
        title="linemill",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        responses=REFUSALS,
        description=ABOUT,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.site = site
    app.state.pages = Pages(site)
    app.state.snapshots = Snapshots(site)
    app.state.registry = registry_of(app.state.snapshots)
    app.state.closing = asyncio.Event()
    app.state.streams = Streams(app.state.snapshots, lambda: app.state.closing)
    app.state.gate = Gate(site.catalog, site.history)
    for router in ROUTERS:
        app.include_router(router)
    routes = [*app.routes, *(route for router in ROUTERS for route in router.routes)]
    app.add_middleware(Shortcut, snapshots=app.state.snapshots)
    app.add_middleware(Access, gate=app.state.gate, way=Way(routes, app.routes), tag=site.catalog.tag)
    app.add_exception_handler(LinemillError, _failed)
    app.add_exception_handler(SaidNo, _said_no)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(Exception, _broke)
    return app


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, LinemillError)
    status = 400 if isinstance(error, UsageError) else 503 if error.may_retry else 500
    return refusal(request, SaidNo(status, error.code, here(error.what), said(error.where), here(error.hint)))


async def _said_no(request: Request, error: Exception) -> Response:
    assert isinstance(error, SaidNo)
    return refusal(request, error)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.lower()
    what = "there is nothing at this path" if error.detail == HTTPStatus.NOT_FOUND.phrase else error.detail
    return refusal(request, SaidNo(error.status_code, code, what, headers=error.headers))


async def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][:2])  # what comes then is which of several kinds did not fit
    return refusal(request, SaidNo(422, "not_valid", said(str(first["msg"])), said(where)))


async def _broke(request: Request, error: Exception) -> Response:
    """Say that we are wrong; what broke is for the log, which the server writes."""
    return refusal(request, SaidNo(500, "broken", "linemill broke on this request", hint="the log says more"))

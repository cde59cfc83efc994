import pytest
from fastapi import APIRouter, FastAPI
from starlette.routing import Match

from linemill.catalog.records import Role
from linemill.web.app import application
from linemill.web.rights import EVERYBODY, RIGHTS, Place, Way, needed
from linemill.web.routes import ROUTERS


@pytest.fixture
def way(site):
    app = application(site)
    return Way([*app.routes, *(route for router in ROUTERS for route in router.routes)], app.routes)


def _scope(method: str, path: str) -> dict[str, object]:
    return {"type": "http", "method": method, "path": path, "headers": []}


def test_every_route_of_the_application_is_in_the_table_and_none_else(way):
    assert way.pairs() == RIGHTS.keys()


def test_the_application_has_no_routes_but_those_of_its_routers_and_its_description(site):
    app = application(site)
    for method, path in RIGHTS:
        scope = _scope(method, path.replace("{}", "1"))
        assert sum(route.matches(dict(scope))[0] is Match.FULL for route in app.routes) == 1, (method, path)


@pytest.mark.parametrize(("method", "path"), RIGHTS)
def test_a_request_goes_where_the_table_says(way, method, path):
    assert way.of(_scope(method, path.replace("{}", "1"))) == (method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("GET", ""),
        ("GET", "//health"),
        ("GET", "/health/"),
        ("GET", "/HEALTH"),
        ("GET", "/files/1/outputs/"),
        ("GET", "/static/../tokens"),
        ("DELETE", "/files/1"),
        ("OPTIONS", "/files"),
    ],
)
def test_what_goes_nowhere_is_for_who_has_signed_in(way, method, path):
    assert way.of(_scope(method, path)) is Place.NOWHERE
    assert needed(Place.NOWHERE) is Role.VIEWER


@pytest.mark.parametrize(("method", "path"), [("POST", "/health"), ("TRACE", "/sign-in"), ("PUT", "/static/a.js")])
def test_everybody_is_told_that_a_public_path_lacks_a_method(client, way, method, path):
    assert way.of(_scope(method, path)) is Place.OTHER_METHOD
    assert needed(Place.OTHER_METHOD) is EVERYBODY
    assert client.request(method, path).status_code == 405


def test_a_route_that_is_not_in_the_table_is_for_admins():
    inner, app = APIRouter(), FastAPI(openapi_url=None)
    inner.add_api_route("/forgotten", lambda: None)
    app.include_router(inner)
    assert Way([*app.routes, *inner.routes], app.routes).of(_scope("GET", "/forgotten")) == ("GET", "/forgotten")
    assert Way([], app.routes).of(_scope("GET", "/forgotten")) is Place.UNKNOWN_ROUTE
    assert needed(("GET", "/forgotten")) is Role.ADMIN
    assert needed(Place.UNKNOWN_ROUTE) is Role.ADMIN


def test_nothing_changes_anything_without_a_role_but_signing_in_and_out():
    public = {pair for pair, role in RIGHTS.items() if role is EVERYBODY}
    assert {pair for pair in public if pair[0] != "GET"} == {("POST", "/sign-in"), ("POST", "/sign-out")}
    assert not {pair for pair, role in RIGHTS.items() if pair[0] != "GET" and role is Role.VIEWER}

import pytest
from starlette.testclient import TestClient

from linemill import __version__
from linemill.web.answers import Form, form_of
from linemill.web.app import application


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form.JSON),
        ("*/*", Form.JSON),
        ("application/json", Form.JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form.PAGE),
        ("text/event-stream", Form.STREAM),
        ("application/json, text/html", Form.JSON),
        ("application/json;q=0.5, text/html", Form.PAGE),
        ("text/html;q=none", Form.JSON),
        ("image/png", Form.JSON),
        (";,;;q=,", Form.JSON),
    ],
)
def test_accept_decides_what_a_path_answers_with(accept, form):
    assert form_of(accept) is form


def test_health_answers_without_a_catalog_being_asked(client):
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"is_alive": True, "version": __version__}


def test_a_path_that_is_not_there_is_refused_in_the_one_form(client):
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    page = client.get("/nowhere", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>" in page.text


def test_what_breaks_is_refused_in_the_one_form_and_tells_nothing(site):
    app = application(site)

    @app.get("/breaks")
    def breaks():
        raise RuntimeError("a secret")

    answer = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False).get("/breaks")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "broken")
    assert "secret" not in answer.text


def test_the_description_is_complete(client):
    description = client.get("/openapi.json").json()
    operations = {
        (method, path): operation for path, methods in description["paths"].items() for method, operation in methods.items()
    }
    names = [operation["operationId"] for operation in operations.values()]
    assert len(names) == len(set(names))
    for place, operation in operations.items():
        assert operation["description"] != "", place
        assert {"400", "401", "403", "404", "405", "422", "429", "500", "503"} <= operation["responses"].keys(), place
        refused = operation["responses"]["404"]["content"]
        assert refused["application/json"]["schema"] == {"$ref": "#/components/schemas/Refusal"}, place
        assert "text/html" in refused, place
        assert all(parameter.get("description") for parameter in operation.get("parameters", ())), place
    assert not operations["post", "/files/{id}/retry"]["requestBody"]["required"]
    assert {"202", "303", "409", "415"} <= operations["post", "/pause"]["responses"].keys()
    assert operations["get", "/stats"]["responses"]["200"]["content"].keys() == {
        "application/json",
        "text/html",
        "text/event-stream",
    }

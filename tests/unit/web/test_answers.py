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

import pytest
from starlette.testclient import TestClient

from linemill.web.app import application
from linemill.web.headers import POLICY


def _hold(answer, *, cache="no-store", vary="Accept, Cookie"):
    for name, value in POLICY.items():
        assert answer.headers[name] == value
    assert answer.headers["Cache-Control"] == cache
    assert answer.headers["Vary"] == vary
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/sign-in", "/tokens", "/openapi.json", "/files/x", "/files/99"])
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_every_answer_has_the_policy(client, path, accept):
    _hold(client.get(path, headers={"Accept": accept}))


def test_what_pages_are_made_of_is_asked_for_again_and_not_sent_again(client):
    first = client.get("/static/style.css")
    assert first.status_code == 200
    _hold(first, cache="no-cache", vary="Accept-Encoding")
    again = client.get("/static/style.css", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    _hold(again, cache="no-cache", vary="Accept-Encoding")


def test_an_answer_of_an_application_that_broke_has_the_policy(site, monkeypatch):
    def break_down(*arguments, **others):
        raise RuntimeError("secret")

    monkeypatch.setattr(type(site.history), "tokens", break_down)
    with TestClient(application(site), base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        answer = client.get("/files")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["error"]["what"]
    _hold(answer)


def test_the_policy_lets_no_script_and_no_style_into_a_page():
    policy = POLICY["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "trusted-types 'none'" in policy

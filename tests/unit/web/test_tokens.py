import pytest

from linemill.catalog.records import Role

PAGE = {"Accept": "text/html"}


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_the_first_token_closes_the_gate_at_once(site, client):
    made = client.post("/tokens", data={"role": "admin", "name": "ann"})
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert made.json()["token"]["name"] == "ann"
    assert client.get("/tokens").status_code == 401
    listed = client.get("/tokens", headers=_bearer(secret))
    assert [(token["name"], token["is_valid"]) for token in listed.json()["tokens"]] == [("ann", True)]
    assert secret not in listed.text
    assert "digest" not in listed.text
    assert [(event.who, event.what) for event in site.history.events().rows] == [("local", "token_created")]


def test_a_token_is_revoked_at_once_by_whoever_may(site, client):
    ann = _bearer(client.post("/tokens", data={"role": "admin", "name": "ann"}).json()["secret"])
    bob = _bearer(client.post("/tokens", data={"role": "viewer", "name": "bob"}, headers=ann).json()["secret"])
    assert client.get("/files", headers=bob).status_code == 200
    revoked = client.post("/tokens/2/revoke", headers=ann)
    assert (revoked.status_code, revoked.json()["is_valid"]) == (200, False)
    assert client.get("/files", headers=bob).status_code == 401
    assert client.post("/tokens/2/revoke", headers=ann).json() == revoked.json()
    assert client.post("/tokens/3/revoke", headers=ann).status_code == 404
    assert [(event.who, event.what) for event in site.history.events().rows][:2] == [
        ("nobody", "sign_in_failed"),
        ("ann", "token_revoked"),
    ]


def test_an_admin_may_revoke_the_last_token_and_nobody_is_let_in_then(client):
    ann = _bearer(client.post("/tokens", data={"role": "admin"}).json()["secret"])
    assert client.post("/tokens/1/revoke", headers=ann).status_code == 200
    assert client.get("/tokens", headers=ann).status_code == 401
    assert client.get("/tokens").status_code == 401


def test_the_page_shows_a_new_token_once(client):
    page = client.post("/tokens", data={"role": "viewer", "name": "<b>"}, headers=PAGE)
    assert page.status_code == 201
    assert page.headers["Cache-Control"] == "no-store"
    assert page.text.count("lm_") == 1
    assert "<b>&lt;b&gt;</b>" in page.text
    assert "from now on everybody has to sign in" in page.text


def test_the_page_lists_tokens_and_revokes_them(site, client):
    ann = _bearer(client.post("/tokens", data={"role": "admin", "name": "ann"}).json()["secret"])
    client.post("/tokens", data={"role": "viewer", "expires": "30d"}, headers=ann)
    page = client.get("/tokens", headers={**ann, **PAGE})
    assert 'action="/tokens/2/revoke"' in page.text
    assert "lm_" not in page.text
    answer = client.post("/tokens/2/revoke", headers={**ann, **PAGE}, follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tokens")
    assert 'action="/tokens/2/revoke"' not in client.get("/tokens", headers={**ann, **PAGE}).text


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({}, 422, "not_valid"),
        ({"role": "root"}, 422, "not_valid"),
        ({"role": "viewer", "name": "x" * 65}, 422, "not_valid"),
        ({"role": "viewer", "name": "a\nb"}, 400, "usage"),
        ({"role": "viewer", "name": "\u202e"}, 400, "usage"),
        ({"role": "viewer", "name": "local"}, 400, "usage"),
        ({"role": "viewer", "expires": "soon"}, 400, "usage"),
        ({"role": "viewer", "expires": "-1d"}, 400, "usage"),
    ],
)
def test_what_is_no_token_is_refused(site, client, fields, status, code):
    answer = client.post("/tokens", data=fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert site.history.tokens() == []


def test_the_roles_that_can_be_chosen_are_those_there_are(client):
    page = client.get("/tokens", headers=PAGE).text
    assert [role for role in Role if f">{role}</option>" in page] == list(Role)

import hashlib
import time
from http.cookies import SimpleCookie

import pytest
from starlette.testclient import TestClient

from linemill.catalog.records import Role
from linemill.catalog.tokens import new_secret
from linemill.web.access import cookie_name
from linemill.web.app import application

PAGE = {"Accept": "text/html"}


@pytest.fixture
def secret(site):
    said = new_secret()
    site.catalog.make_token("ann", Role.OPERATOR, said, "me", time.time())
    return said


@pytest.fixture
def browser(site):
    with TestClient(application(site), base_url="https://mill.example", headers=PAGE, follow_redirects=False) as client:
        yield client


def _cookie(site, answer):
    return SimpleCookie(answer.headers["Set-Cookie"])[cookie_name(site.catalog.tag)]


def test_somebody_signs_in_acts_and_signs_out(site, secret, browser):
    answer = browser.post("/sign-in", data={"token": secret, "back": "/files?state=failed"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/files?state=failed")
    assert browser.get("/files", headers={"Accept": "*/*"}).status_code == 200
    assert browser.post("/pause", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    assert site.history.events().rows[0].who == "ann"
    out = browser.post("/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
    assert (out.status_code, out.headers["Location"]) == (303, "/sign-in")
    assert browser.get("/files").headers["Location"] == "/sign-in?back=/files"


def test_the_cookie_is_for_this_browser_and_this_site_only(site, secret, browser):
    cookie = _cookie(site, browser.post("/sign-in", data={"token": secret}))
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "strict", "/", True)
    assert (cookie["domain"], cookie["max-age"], cookie["expires"]) == ("", "", "")
    assert secret not in cookie.value
    token = site.history.tokens()[0]
    kept = {token.digest, token.cookie_digest, hashlib.sha256(token.digest.encode()).hexdigest()}
    assert not any(one in cookie.value for one in kept)


def test_the_cookie_needs_no_tls_where_there_is_none(site, secret):
    with TestClient(application(site), base_url="http://mill.example", headers=PAGE, follow_redirects=False) as client:
        answer = client.post("/sign-in", data={"token": f" {secret}\n"})
        assert _cookie(site, answer)["secure"] == ""
        assert client.get("/files", headers={"Accept": "*/*"}).status_code == 200


def test_a_program_signs_in_as_a_browser_does(secret, browser):
    answer = browser.post("/sign-in", data={"token": secret}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {"name": "ann", "role": "operator"})
    assert browser.post("/sign-out", headers={"Accept": "*/*", "Sec-Fetch-Site": "same-origin"}).status_code == 204


@pytest.mark.parametrize("wrong", ["", "wrong", "lm_", "\x00", "ü", "😀", "<b>"])
def test_a_wrong_token_is_said_on_the_page_and_may_be_tried_again(site, secret, browser, wrong):
    answer = browser.post("/sign-in", data={"token": wrong, "back": "/errors"})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert "There is no such token" in answer.text
    assert 'name="back" value="/errors"' in answer.text
    assert "<b>" not in answer.text
    program = browser.post("/sign-in", data={"token": wrong}, headers={"Accept": "*/*"})
    assert (program.status_code, program.json()["error"]["code"]) == (401, "not_signed_in")


def test_whoever_tries_too_often_is_told_on_the_page_to_wait(secret, browser):
    browser.app.state.gate._slowing._clock = lambda: 1000.0
    answers = [browser.post("/sign-in", data={"token": "wrong"}) for _ in range(12)]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Retry-After"] == "1"
    assert "wait for 1 s" in answers[-1].text


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_nobody_is_sent_to_another_site(secret, browser, back):
    assert browser.post("/sign-in", data={"token": secret, "back": back}).headers["Location"] == "/stats"
    page = browser.get("/sign-in", params={"back": back})
    assert page.status_code == 200
    assert 'name="back" value="/stats"' in page.text


def test_a_token_that_is_over_signs_nobody_in(site, browser):
    secret = new_secret()
    site.catalog.make_token("old", Role.ADMIN, secret, "me", 1.0, valid_s=1)
    assert browser.post("/sign-in", data={"token": secret}).status_code == 401


def test_the_page_says_that_nobody_has_to_sign_in_as_long_as_there_is_no_token(client):
    assert "Nobody has to sign in" in client.get("/sign-in", headers=PAGE).text
    assert client.get("/sign-in").json() == {"is_needed": False, "back": "/stats", "error": ""}

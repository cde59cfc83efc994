import re
import time

import anyio
import pytest
from starlette.testclient import TestClient

from linemill.catalog.records import Role
from linemill.catalog.tokens import cookie_of, new_secret
from linemill.errors import UsageError, WorldError
from linemill.web.access import LOCAL, LONGEST_FORM_BYTES, NOBODY, Access, Who, cookie_name
from linemill.web.app import application
from linemill.web.gate import Gate
from linemill.web.origins import check_may_serve
from linemill.web.rights import RIGHTS, Way
from linemill.web.slowing import FREE_TRIES

PAGE = {"Accept": "text/html"}


@pytest.fixture
def make_token(site):
    """Make a token, and give what it says."""

    def make(role: Role = Role.VIEWER, **others: float) -> str:
        secret = new_secret()
        site.catalog.make_token(None, role, secret, "me", time.time(), **others)
        return secret

    return make


@pytest.fixture
def outside(site):
    """A client on another machine, of a service that other machines reach."""
    with TestClient(application(site), base_url="http://mill.example:8000", client=("10.0.0.1", 1)) as client:
        yield client


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _cookie(site, secret: str, token_id: int = 1) -> dict[str, str]:
    return {"Cookie": f"{cookie_name(site.catalog.tag)}={token_id}.{cookie_of(secret.encode())}"}


def _now(client: TestClient) -> None:
    """Have what the gate knows of the tokens be old."""
    client.app.state.gate._read_at = float("-inf")  # type: ignore[attr-defined]


@pytest.mark.parametrize(("method", "path"), RIGHTS)
def test_a_route_is_for_its_role_and_those_above_it_and_for_nobody_else(outside, make_token, method, path):
    secrets = {role: make_token(role) for role in Role}
    path = path.replace("{}", "1")
    role = RIGHTS[method, path.replace("/1", "/{}")]
    answer = outside.request(method, path, follow_redirects=False)
    assert (answer.status_code == 401) == (role is not None or (method, path) == ("POST", "/sign-in"))
    for one in Role:
        answer = outside.request(method, path, headers=_bearer(secrets[one]), follow_redirects=False)
        is_let_in = role is None or list(Role).index(one) >= list(Role).index(role)
        assert (answer.status_code == 403) is not is_let_in, one
        if not is_let_in:
            assert answer.json()["error"]["code"] == "forbidden"
            assert f"for the role {role}" in answer.json()["error"]["what"]
    if role is not None:  # what was told to one who may know it is not kept for others
        assert outside.request(method, path, follow_redirects=False).status_code == 401


def test_each_role_may_do_what_the_one_before_may():
    assert [[Who("", one).may(other) for other in Role] for one in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
    assert not any(NOBODY.may(role) for role in Role)


def test_who_asks_is_who_the_token_is_of(site, client, make_token):
    assert client.post("/pause", data={"reason": "a"}).status_code < 400
    secret = make_token(Role.OPERATOR)
    _now(client)
    assert client.post("/resume", headers=_bearer(secret)).status_code < 400
    events = [(event.who, event.what) for event in site.history.events().rows]
    assert events == [("operator", "resume"), ("me", "token_created"), (LOCAL, "pause")]


def test_a_program_is_told_how_to_sign_in(outside, make_token):
    make_token()
    answer = outside.get("/files")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "Basic" in answer.headers["WWW-Authenticate"]
    assert answer.json()["error"]["code"] == "not_signed_in"


@pytest.mark.parametrize("said", [{"Sec-Fetch-Site": "same-origin"}, {"Cookie": "a=b"}, {"Accept": "text/event-stream"}])
def test_a_script_in_a_browser_is_refused_without_the_browser_asking_for_a_password(outside, make_token, said):
    make_token()
    answer = outside.get("/stats", headers=said)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="linemill"'


def test_a_browser_is_sent_to_sign_in_and_comes_back(outside, make_token):
    make_token()
    answer = outside.get("/files?state=failed&name=a%20b", headers=PAGE, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?back=/files%3Fstate%3Dfailed%26name%3Da%2520b"
    assert answer.headers["Vary"] == "Accept, Cookie"
    assert outside.get(answer.headers["Location"], headers=PAGE).status_code == 200
    posted = outside.post("/pause", headers=PAGE, follow_redirects=False)
    assert posted.headers["Location"] == "/sign-in"
    foreign = outside.get("/%2Fevil.example/%0d%0aa", headers=PAGE, follow_redirects=False)
    assert foreign.headers["Location"] == "/sign-in"


def test_what_is_not_there_is_not_told_to_who_has_not_signed_in(outside, make_token):
    secret = make_token()
    assert outside.get("/nowhere").status_code == 401
    assert outside.get("/nowhere", headers=_bearer(secret)).status_code == 404
    answer = outside.delete("/files", headers=_bearer(secret))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert outside.delete("/files").status_code == 401


def test_a_token_lets_in_by_bearer_by_basic_and_by_cookie(site, outside, make_token):
    secret = make_token()
    assert outside.get("/tokens", headers=_bearer(secret)).status_code == 403
    assert outside.get("/tokens", auth=("anybody", secret)).status_code == 403
    assert outside.get("/tokens", headers=_cookie(site, secret)).status_code == 403
    assert outside.get("/tokens", headers=_cookie(site, secret, 2)).status_code == 401


def test_a_token_that_was_revoked_or_has_expired_lets_nobody_in(site, outside, make_token):
    first, second = make_token(), make_token(valid_s=3600)
    for secret in (first, second):
        assert outside.get("/files", headers=_bearer(secret)).status_code == 200
    revoked, expired = site.history.tokens()
    site.catalog.revoke_token(revoked, "me", time.time())
    with site.catalog._database.writing() as connection:
        connection.exec_driver_sql("update token set expires_at = 1 where id = 2")
    _now(outside)
    for secret, token in ((first, revoked), (second, expired)):
        assert outside.get("/files", headers=_bearer(secret)).status_code == 401
        assert outside.get("/files", headers=_cookie(site, secret, token.id)).status_code == 401


def test_failed_sign_ins_are_slowed_down_and_those_who_are_in_stay_in(site, outside, make_token):
    outside.app.state.gate._slowing._clock = lambda: 1000.0
    secret = make_token()
    for _ in range(FREE_TRIES + 1):
        assert outside.get("/files", headers=_bearer("wrong")).status_code == 401
    answer = outside.get("/files", headers=_bearer(secret))
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["error"]["code"] == "too_many_tries"
    assert outside.post("/sign-in", data={"token": secret}).status_code == 429
    assert outside.get("/files", headers=_cookie(site, secret)).status_code == 200
    with TestClient(outside.app, base_url="http://mill.example:8000", client=("10.0.0.2", 1)) as other:
        assert other.get("/files", headers=_bearer(secret)).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8000", "[::1]:80", "LOCALHOST.", "127.0.0.2", "mill.localhost:1"])
def test_without_a_token_everybody_on_this_machine_is_let_in(client, host):
    assert client.get("/tokens", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1.evil.com", "evil.com", "0", "", "localhost@evil.com", "\xff"])
def test_without_a_token_a_page_whose_name_points_here_is_refused(client, host):
    answer = client.get("/files", headers={"Host": host.encode("latin-1")})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "foreign_host"


def test_without_a_token_what_comes_by_a_proxy_or_another_address_is_refused(client, outside):
    assert client.get("/files", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 401
    assert outside.get("/files", headers={"Host": "localhost"}).status_code == 401


def test_once_a_token_was_made_it_stays_closed(site, client, make_token):
    make_token()
    site.catalog.revoke_token(site.history.tokens()[0], "me", time.time())
    assert client.get("/files").status_code == 401


def test_what_another_s_page_asks_for_is_refused(site, client, make_token):
    evil = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    for path in ("/pause", "/tokens", "/sign-in", "/sign-out", "/nowhere"):
        answer = client.post(path, headers=evil)
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "foreign_page"
    secret = make_token(Role.OPERATOR)
    _now(client)
    assert client.post("/pause", headers=_cookie(site, secret)).status_code == 403
    assert client.post("/pause", headers={**_cookie(site, secret), **evil}).status_code == 403
    assert client.post("/pause", headers={**_cookie(site, secret), "Sec-Fetch-Site": "same-origin"}).status_code < 400
    assert client.post("/pause", headers={**_cookie(site, secret), "Origin": "http://127.0.0.1"}).status_code < 400
    assert client.post("/pause", headers={**_bearer(secret), **evil}).status_code < 400
    assert [event.what for event in site.history.events().rows].count("pause") == 3


def test_head_is_like_get_without_a_body(client, make_token):
    got, headed = client.get("/health"), client.head("/health")
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["Content-Length"] == got.headers["Content-Length"]
    assert client.head("/nowhere").status_code == 404
    make_token()
    _now(client)
    assert client.head("/files").status_code == 401


def test_a_form_without_an_end_is_not_read(client):
    long = b"token=" + b"x" * LONGEST_FORM_BYTES
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for content in (long, iter([b"token=a"])):
        answer = client.post("/sign-in", content=content, headers=form)
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "too_long"
    assert client.post("/sign-in", content=long[:-100], headers=form).status_code == 422


@pytest.mark.parametrize("length", ["0000000000000040000", "00000000000000400000", "9" * 20, "9" * 5000])
def test_a_length_is_read_as_a_whole(client, length):
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": length}
    assert client.post("/sign-in", content=b"token=a", headers=headers).status_code == 413


def test_a_catalog_that_cannot_be_read_refuses_but_says_that_it_is_alive(client, monkeypatch):
    def refuse(*arguments):
        raise WorldError("the disk is gone", "/srv/mill/.linemill/catalog.db", code="catalog")

    monkeypatch.setattr("linemill.catalog.history.History.tokens", refuse)
    for answer in (client.get("/files"), client.get("/sign-in"), client.post("/sign-in", data={"token": "a"})):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "catalog")
        assert "/srv" not in answer.text
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "mill.example", ""])
def test_an_address_that_other_machines_reach_is_not_served_without_a_valid_token(site, make_token, host):
    with pytest.raises(UsageError, match="linemill token create --role admin"):
        check_may_serve(host, site.history)
    make_token(valid_s=-1)
    with pytest.raises(UsageError):
        check_may_serve(host, site.history)
    make_token()
    check_may_serve(host, site.history)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_is_served_without_a_token(site, host):
    check_may_serve(host, site.history)


class _Stream:
    """A request for a stream, and the application that answers it line by line."""

    def __init__(self, site, headers: dict[str, str]) -> None:
        self.sent: list[dict[str, object]] = []
        self.gate = Gate(site.catalog, site.history)
        self.lines = 0
        self.before_second = lambda: None
        self._site = site
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def answer(self) -> None:
        scope = {"type": "http", "method": "GET", "path": "/stats", "headers": self._headers, "server": ("127.0.0.1", 80)}
        access = Access(self._app, self.gate, Way([], []), self._site.catalog.tag)
        await access(scope, _never, self._send)

    async def _app(self, scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for _ in range(2):
            await send({"type": "http.response.body", "body": b": still here\n", "more_body": True})
            self.lines += 1
            self.before_second()
            self.gate._read_at = float("-inf")
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, message) -> None:
        self.sent.append(message)


async def _never():
    await anyio.sleep_forever()


def test_a_stream_ends_when_its_listener_may_not_listen_any_more(site, make_token):
    secret = make_token(Role.ADMIN)
    stream = _Stream(site, _bearer(secret))
    stream.before_second = lambda: site.catalog.revoke_token(site.history.tokens()[0], "me", time.time())
    anyio.run(stream.answer)
    assert stream.lines == 1
    assert [message.get("body") for message in stream.sent] == [None, b": still here\n", b""]
    assert stream.sent[-1]["more_body"] is False


def test_a_stream_of_somebody_who_need_not_sign_in_ends_with_the_first_token(site, make_token):
    stream = _Stream(site, {"Host": "localhost"})
    stream.before_second = make_token
    anyio.run(stream.answer)
    assert stream.lines == 1


def test_a_stream_goes_on_as_long_as_its_listener_may_listen(site, make_token):
    stream = _Stream(site, _bearer(make_token(Role.ADMIN)))
    anyio.run(stream.answer)
    assert stream.lines == 2


def test_a_websocket_is_refused(site, outside):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "websocket.connect"}

    anyio.run(outside.app, {"type": "websocket", "path": "/stats", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize(
    "headers",
    [
        [(b"authorization", b"\xff\xfe")],
        [(b"authorization", b"Bearer " + b"\xf0\x9f\x92\xa9" * 1000)],
        [(b"authorization", b"Bearer a"), (b"authorization", b"Basic b")],
        [(b"cookie", b"\x00\xff=;" * 1000)],
        [(b"accept", b"\xff\xfe;q=\xff")],
        [(b"host", b"\xff")],
        [(b"content-length", b"\xff")],
        [(b"content-length", b"9" * 5000)],
        [(b"origin", b"\xff"), (b"sec-fetch-site", b"\xff")],
    ],
)
def test_garbage_in_headers_is_refused_and_breaks_nothing(outside, make_token, headers):
    make_token()
    for method in ("GET", "POST"):
        answer = outside.request(method, "/files", headers=headers)
        assert answer.status_code in (401, 403, 413)
        assert answer.json()["error"]["code"]


def test_the_description_names_every_route_and_no_other(client):
    described = client.get("/openapi.json").json()["paths"]
    pairs = {(method.upper(), re.sub(r"\{[^}]*\}", "{}", path)) for path, methods in described.items() for method in methods}
    assert pairs == RIGHTS.keys() - {("GET", "/openapi.json")}
    assert described["/tokens"]["post"]["security"] == [{"bearer": []}, {"basic": []}, {"cookie": []}]
    assert described["/tokens"]["post"]["description"].endswith("For admins.")
    assert described["/health"]["get"]["security"] == []


def test_head_of_a_download_reads_none_of_it(site, client, tmp_path, make_records):
    records = make_records(site.folder)
    target = tmp_path / "out.txt"
    target.write_bytes(b"line\n" * 100_000)
    file_id = records.file()
    output_id = records.output(records.attempt(file_id), target, target.read_bytes())
    answer = client.head(f"/files/{file_id}/outputs/{output_id}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == "500000"


def test_what_breaks_behind_it_breaks_as_it_would_without_it(site, client, monkeypatch):
    def break_down(*arguments, **others):
        raise ZeroDivisionError

    monkeypatch.setattr("linemill.catalog.history.History.events", break_down)
    with pytest.raises(ZeroDivisionError):
        client.get("/events")

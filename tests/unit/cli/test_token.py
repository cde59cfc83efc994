import json

import pytest

from linemill.catalog.records import Role as RoleOfCatalog
from linemill.catalog.tokens import digest_of
from linemill.cli.documents import ANSWERS
from linemill.cli.token import Role


@pytest.fixture(autouse=True)
def still(mill, monkeypatch):
    """A current folder with a pipeline, at a time that is said."""
    monkeypatch.setattr("time.time", lambda: 1_000.0)
    monkeypatch.setattr("linemill.cli.token.clock", lambda at: f"<{at:.0f}>")
    monkeypatch.setattr("linemill.cli.token.who", lambda: "me\x1b")


def test_the_roles_of_the_option_are_those_of_the_catalog():
    assert [role.value for role in Role] == [role.value for role in RoleOfCatalog]


def test_a_token_is_printed_once_and_alone(linemill, history):
    said = linemill("token", "create", "--role", "admin")
    assert said.code == 0
    assert said.out.startswith("lm_")
    assert said.out.count("\n") == 1
    assert said.err == "linemill: token 1, admin: admin, for ever; it is shown this once\n"
    token = history.tokens()[0]
    assert token.digest == digest_of(said.out.strip().encode())
    assert said.out.strip() not in linemill("token", "list", "--json").out
    assert [(event.who, event.what) for event in history.events().rows] == [("me\x1b", "token_created")]


def test_tokens_are_listed_with_what_became_of_them(linemill, records, monkeypatch):
    assert linemill("token", "list").out.startswith("no tokens")
    linemill("token", "create", "--role", "admin", "--name", "ann")
    linemill("token", "create", "--role", "viewer", "--expires", "1m")
    linemill("token", "create", "--role", "operator", "--expires", "1h")
    assert linemill("token", "revoke", "ann").out == "ann (id 1) is revoked\n"
    monkeypatch.setattr("time.time", lambda: 1_060.0)
    assert linemill("token", "list").out.splitlines() == [
        "id  role      made    name",
        "1   admin     <1000>  ann       revoked <1000>",
        "2   viewer    <1000>  viewer    expired <1060>",
        "3   operator  <1000>  operator  until <4600>",
    ]


def test_a_token_is_revoked_by_id_or_by_name(linemill, history):
    linemill("token", "create", "--role", "admin", "--name", "ann")
    linemill("token", "create", "--role", "viewer", "--name", "bob")
    assert linemill("token", "revoke", "2").out == "bob (id 2) is revoked\n"
    assert linemill("token", "revoke", "bob").out == "bob (id 2) was revoked already\n"
    assert linemill("token", "revoke", "ann").code == 0
    assert not any(token.is_valid(1_000.0) for token in history.tokens())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "--role", "admin", "--expires", "soon"), "12h"),
        (("create", "--role", "admin", "--name", "a\nb"), "printable"),
        (("create", "--role", "root"), "root"),
        (("revoke", "b\x1b"), "no such token"),
    ],
)
def test_what_cannot_be_is_refused_harmlessly(linemill, history, arguments, words):
    said = linemill("token", *arguments)
    assert said.code == 2
    assert words in said.err
    assert "\x1b" not in said.err
    assert history.tokens() == []


def test_a_token_may_be_made_before_anything_was_run(linemill, tmp_path):
    assert linemill("token", "list").code == 2
    assert linemill("token", "create", "--role", "admin").code == 0
    assert linemill("token", "create", "--role", "viewer", "--out", str(tmp_path / "elsewhere")).code == 0
    assert len(json.loads(linemill("token", "list", "--json").out)["tokens"]) == 1


def test_the_fields_of_the_answers_are_those_of_the_reference(linemill, history):
    answers = {
        "token create": linemill("token", "create", "--role", "admin", "--json"),
        "token list": linemill("token", "list", "--json"),
        "token revoke": linemill("token", "revoke", "1", "--json"),
    }
    for command, said in answers.items():
        assert json.loads(said.out).keys() == {"form", *ANSWERS[command]}
    token = json.loads(answers["token list"].out)["tokens"][0]
    assert all(f"`{field}`" in ANSWERS["token list"]["tokens"] for field in token)
    refused = json.loads(linemill("token", "revoke", "7", "--json").out)
    assert (refused["exit_code"], refused["error"]["code"]) == (2, "usage")

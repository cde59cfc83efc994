import pytest

from linemill.pipeline import load
from linemill.web.documents.differences import LINES_LIMIT, TEXT_LIMIT, cut, differences
from linemill.web.documents.secrets import masked, masked_text
from linemill.web.site import open_site

PIPELINE = """
name: a shop
nodes:
  level:
    use: steps:Level
    with: {bad: ERROR, api_key: hunter2, database: {password: hunter3, hosts: [{token: hunter4, port: 1}]}}
    to: {bad: errors, "*": a/b}
  a/b:
    use: linemill.processors:strip
    to: rest
outputs: {errors: "out/errors/{name}", rest: out/rest}
"""

STEPS = '''
class Level:
    """Tells bad lines.

    And more."""
    def __init__(self, bad, api_key, database):
        pass
    def process(self, line: str):
        yield line
'''


@pytest.fixture
def site(tmp_path):
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    (tmp_path / "steps.py").write_text(STEPS)
    pipeline = load(tmp_path / "pipeline.yaml")
    with open_site(tmp_path, lambda: pipeline) as site:
        yield site


def test_the_pipeline_is_shown_without_its_secrets(client, site):
    first = site.catalog.version("old", {}, 1.0)
    second = site.catalog.version("new", {}, 2.0)
    answer = client.get("/pipeline")
    found = answer.json()
    assert "hunter" not in answer.text
    assert (found["name"], found["entry"], found["path"]) == ("a shop", "level", str(site.base / "pipeline.yaml"))
    level = found["nodes"][0]
    assert level["settings"] == {
        "bad": "ERROR",
        "api_key": "•••",
        "database": {"password": "•••", "hosts": [{"token": "•••", "port": 1}]},
    }
    assert (level["doc"], level["mode"], level["routes"]) == ("Tells bad lines.", "line", {"bad": ["errors"], "*": ["a/b"]})
    assert found["outputs"][1] == {"name": "rest", "path": "out/rest", "is_growing": True}
    assert [(version["id"], version["is_current"]) for version in found["versions"]] == [(second, True), (first, False)]
    page = client.get("/pipeline", params={"limit": 1}).json()
    assert [version["id"] for version in client.get("/pipeline", params={"after": page["after"]}).json()["versions"]] == [first]


def test_a_node_is_shown_with_what_it_did_and_what_died_in_it(records, client):
    file_id = records.file()
    attempt = records.attempt(file_id, ended_at=1.0)
    records.letter(file_id, attempt, "a/b")
    records.letter(file_id, attempt, "level")
    found = client.get("/pipeline/nodes/a/b", params={"window": "1h"}).json()
    assert (found["node"]["name"], found["now"]["name"], found["window"]) == ("a/b", "a/b", "1h")
    assert found["node"]["doc"] != ""
    assert [(group["node"], group["count"]) for group in found["groups"]] == [("a/b", 1)]
    assert len(found["points"]) == 60
    assert client.get("/pipeline/nodes/none").status_code == 404
    assert client.get("/pipeline/nodes/%00%ff").status_code == 404
    assert client.get("/pipeline/nodes/level", params={"window": "2h"}).status_code == 422


def test_a_version_is_held_against_the_one_before_or_another(client, site):
    secret = "nodes:\n  a:\n    use: x:y\n    with: {password: %s, n: %d}\n"
    first = site.catalog.version(secret % ("hunter1", 1), {"steps.py": "one\n", "gone.py": "x"}, 1.0)
    second = site.catalog.version(secret % ("hunter2", 2), {"steps.py": "two\n"}, 2.0)
    third = site.catalog.version(secret % ("hunter3", 2), {"steps.py": "two\n"}, 3.0)
    answer = client.get(f"/pipeline/versions/{second}")
    assert "hunter" not in answer.text
    found = answer.json()
    assert (found["version"]["id"], found["against"]["id"]) == (second, first)
    assert [difference["path"] for difference in found["differences"]] == ["pipeline.yaml", "steps.py", "gone.py"]
    assert found["differences"][0]["lines"] == [
        "--- pipeline.yaml",
        "+++ pipeline.yaml",
        "@@ -1,5 +1,5 @@",
        " nodes:",
        "   a:",
        "     use: x:y",
        "-    with: {password: •••, n: 1}",
        "+    with: {password: •••, n: 2}",
        " ",
    ]
    assert found["differences"][2]["lines"] == ["--- gone.py", "+++ /dev/null", "@@ -1 +0,0 @@", "-x"]
    assert found["sources"] == {"steps.py": "two\n"}
    assert client.get(f"/pipeline/versions/{third}", params={"against": ""}).json()["differences"] == []
    assert client.get(f"/pipeline/versions/{third}", params={"against": first}).json()["against"]["id"] == first
    oldest = client.get(f"/pipeline/versions/{first}").json()
    assert (oldest["against"], oldest["differences"]) == (None, [])
    assert client.get(f"/pipeline/versions/{third + 1}").status_code == 404
    assert client.get(f"/pipeline/versions/{third}", params={"against": third + 1}).status_code == 404


@pytest.mark.parametrize("key", ["password", "DB_PASSWORD", "passwd", "apiKey", "key", "tokens", "client-secret", "credentials"])
def test_a_setting_that_is_called_like_a_secret_is_one(key):
    assert masked({"a": [{key: "x"}], "b": ({"c": 1},)}) == {"a": [{key: "•••"}], "b": [{"c": 1}]}
    assert masked_text(f"nodes: {{a: {{with: {{{key}: x}}}}}}") == f"nodes: {{a: {{with: {{{key}: •••}}}}}}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("with:\n  token: |\n    one\n    two\n  n: 1 # why\n", "with:\n  token: •••\n  n: 1 # why\n"),
        ("with:\n  keys:\n    - a\n    - b\n\nend: 1\n", "with:\n  keys:\n    •••\n\nend: 1\n"),
        ("with: {'my secret': 'a, }', n: 2}", "with: {'my secret': •••, n: 2}"),
        ("config: {token: &t x}\nn: *t\n", "config: {token: •••}\nn: *t\n"),
        ("a: &a {token: x}\nwith: *a\n", "a: &a {token: •••}\nwith: *a\n"),
        ("with: &a {b: *a, token: x}", "with: &a {b: *a, token: •••}"),
        ("to: {key: out}\nsecrets: {use: x}\n", "to: {key: out}\nsecrets: {use: x}\n"),
        ("with: {? [token] : x}", "with: {? [token] : x}"),
        ("", ""),
    ],
)
def test_secrets_in_the_text_become_dots_and_nothing_else_changes(text, shown):
    assert masked_text(text) == shown


@pytest.mark.parametrize("text", ["with: {token: x", "a: \0", "[" * 1100])
def test_a_text_in_which_secrets_cannot_be_found_is_not_shown(text):
    assert "token: x" not in masked_text(text)
    assert "cannot be read" in masked_text(text)


def test_names_that_refer_to_each_other_without_end_take_no_time():
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    assert masked_text(bomb) == bomb


def test_long_texts_and_differences_are_cut_with_a_note():
    long = "x" * (TEXT_LIMIT + 1)
    assert cut(long).endswith("\n(cut: it has 200,001 characters)")
    assert cut("x\udcff\n") == "x\\xff\n"
    old = "".join(f"{number}\n" for number in range(4_000))
    new = "".join(f"-{number}\n" for number in range(4_000))
    first, second, third = differences({"a": old, "b": "1", "c": "1"}, {"a": new, "b": "2", "c": "2", "d": ""})[:3]
    assert len(first.lines) == LINES_LIMIT + 1
    assert first.lines[-1] == "(and 3,004 more lines)"
    assert (second.path, third.path, second.lines) == ("b", "c", ("(it differs, too; there is no room to show how)",))
    (huge,) = differences({"a": "x\n" * 10_000}, {"a": "y\n" * 10_000})
    assert huge.lines[-1] == "(too long to be compared line by line)"

"""The page about the API, held against the routes and the table of who may do what."""

import ast
import re
from pathlib import Path

import linemill.web
from linemill.web.rights import EVERYBODY, RIGHTS


def test_every_path_is_listed_with_who_may_ask(checkout):
    page = (checkout / "docs/reference/api.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(GET|POST) (\S+)` \| (\w+) \|", page, re.MULTILINE)
    said = {(method, re.sub(r"{.*?}", "{}", path)): who for method, path, who in listed}
    held = {key: "everybody" if role is EVERYBODY else role.value for key, role in RIGHTS.items()}
    del held["GET", "/openapi.json"]  # told above the table
    assert said == held
    assert len(listed) == len(said)


def test_every_refusal_that_a_route_words_itself_is_explained_with_its_status(checkout):
    page = (checkout / "docs/reference/api.md").read_text(encoding="utf-8")
    explained = {
        (code, int(status))
        for codes, statuses in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (\d+(?:, \d+)*) \|", page, re.MULTILINE)
        for code in re.findall(r"`(\w+)`", codes)
        for status in statuses.split(", ")
    }
    said = set()
    for module in Path(linemill.web.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name("SaidNo"), args=[ast.Constant(int(status)), ast.Constant(str(code)), *_]):
                    said.add((code, status))
    assert {("conflict", 409), ("too_big", 413)} <= said
    assert said <= explained

"""The API does what its description says, whatever is asked: requests are made up from the description itself."""

import itertools
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import insert
from starlette.testclient import TestClient

from linemill.catalog import schema
from linemill.catalog.records import Role
from linemill.mill.folders import STATE_FOLDER
from linemill.pipeline import load
from linemill.web.app import application
from linemill.web.site import Site, open_site
from tests.unit.conftest import Records

pytestmark = pytest.mark.slow

HERE = "http://127.0.0.1"

EXAMPLES = 5
"""Requests of each kind to each route: as many as end within a minute."""

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

HOSTILE = [
    *("%00", "%FF%FE", "%ED%A0%80", "%F0%9F%98%80", "%E2%80%AE%3Cscript%3E", "%0D%0AX:%20y", "%25s", "a;b", "&&", "..%2F..%2F"),
    *(
        "%27%22--",
        "*" * 900,
        "%5B" * 900,
        "%5C" * 900,
        "9" * 400,
        "-9223372036854775809",
        "1e999",
        "NaN",
        "%C2%B2",
        "W10",
        "x" * 5000,
    ),
]
"""Values as they stand in an address or in a form."""

PLACES = {"id": "1", "output_id": "1", "name": "level", "file": "style.css"}
"""What stands for the parts of a path."""

PIPELINE = """
nodes:
  level:
    use: linemill.processors:tag_by_pattern
    with: {bad: ERROR}
    to: {bad: errors, "*": rest}
outputs: {errors: "out/errors/{name}", rest: out/rest}
"""


class Api:
    """The application over a catalog in which there is something of everything.

    Attributes:
        site: What it is about.
        app: The application itself.
        description: Its description, whose requests go to the application.
        secret: The token of an admin.
        answers: Statuses by operation.
    """

    def __init__(self, site: Site, secret: str) -> None:
        self.site = site
        self.secret = secret
        self.app = application(site)
        self.description = schemathesis.openapi.from_dict(self.app.openapi())
        self.description.app = self.app
        self.answers: dict[str, set[int]] = defaultdict(set)

    def operations(self) -> list[Any]:
        """List all operations; those that change who may ask come last."""
        found = [result.ok() for result in self.description.get_all_operations() if isinstance(result, Ok)]
        return sorted(found, key=lambda operation: ("token" in operation.path, operation.method != "get"))

    def ask(self, case: Any, headers: dict[str, str]) -> None:
        """Ask, and hold the answer against the description."""
        answer = case.call(HERE, headers=headers, allow_redirects=False)
        self.answers[case.operation.label].add(answer.status_code)
        assert answer.status_code < 500 or case.operation.label == "GET /ready", answer.content
        case.validate_response(answer, checks=CHECKS)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    pipeline = load(tmp_path / "pipeline.yaml")
    folder = tmp_path / STATE_FOLDER
    records = Records(folder)
    _fill(records, tmp_path)
    records.engine.dispose()
    with open_site(tmp_path, lambda: pipeline) as site:
        for number in range(3):
            site.catalog.version(f"# {number}\n{PIPELINE}", {"steps.py": f"{number}\n"}, float(number))
        for name, secret in (("to be revoked", "lm_other"), ("root", "lm_secret")):
            site.catalog.make_token(name, Role.ADMIN, secret, "test", time.time())
        yield Api(site, "lm_secret")


def _fill(records: Records, base: Path) -> None:
    for folder in ("inbox", "out"):
        (base / folder).mkdir()
    (base / "inbox" / "new\x1b.log").write_text("x\n")
    (base / "inbox" / ".hidden").write_text("x\n")
    for state in ("done", "failed", "ready", "working", "committed"):
        place = base / f"{state}\n\udcff<b>.log"
        place.write_text("a\nb\n")
        trouble = {"code": "corrupt", "reason": "\x1b[2J it is damaged"} if state == "failed" else {}
        file_id = records.file(place.name, state, found=place, place=place, lines=2, dead=1, **trouble)
        attempt = records.attempt(file_id, "published" if state == "done" else state.replace("ready", "taken_back"), ended_at=9.0)
        records.node(attempt, 0, "level", came=2, gave={"": 1}, sent={"rest": 1}, dead=1)
        target = base / "out" / f"{state}é.log"
        target.write_bytes(b"a\n")
        records.output(attempt, target, b"a\n", name="rest", is_published=state == "done")
        records.letter(file_id, attempt, "level", "raised", text="a\udcff\ud800\0", traceback="Traceback \udcfe")
        records.event("retry", file_id=file_id, detail="\x07")
        step = {"place": "level", "came": ["a\x1b"], "gave": [{"tag": "bad", "item": "a", "targets": ["errors"]}], "more": 0}
        lines = orjson.dumps([{"number": 1, "text": "a\u202e", "steps": [step]}])
        with records.engine.begin() as connection:
            connection.execute(insert(schema.trace).values(attempt_id=attempt, file_id=file_id, lines=lines))
    records.event("pause", detail="\x1b]0;x\x07")
    records.control("stalled", [{"file_id": 1, "node": "level", "since": 1.0}])


def _takes_anything(operation: Any) -> bool:
    return any(True for _ in operation.iter_parameters()) or bool(list(operation.body))


def _headers(api: Api, who: str, accept: str) -> dict[str, str]:
    return {"Accept": accept} | ({"Authorization": f"Bearer {api.secret}"} if who == "admin" else {})


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("who", ["nobody", "admin"])
def test_every_answer_is_described_whatever_is_asked(api, who, accept):
    headers = _headers(api, who, accept)
    for operation in api.operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.POSITIVE or _takes_anything(operation):
                _ask_much(api, operation, mode, headers)
    reached = {label.split()[1] for label, statuses in api.answers.items() if statuses & {200, 201, 202, 204, 307}}
    if who == "admin":
        assert {"/stats", "/files/{id}", "/files/{id}/outputs/{output_id}", "/pipeline/versions/{id}", "/tokens"} <= reached
    else:
        assert reached == {"/health", "/sign-in"} | ({"/sign-out"} if accept == "application/json" else set())


def test_no_value_breaks_a_parameter_or_a_field(api):
    with TestClient(api.app, HERE, raise_server_exceptions=False, follow_redirects=False) as client:
        for path, operations in api.app.openapi()["paths"].items():
            address = re.sub(r"{(.*?)}", lambda part: PLACES[part[1]], path)
            for method, operation in operations.items():
                for name, value in itertools.product(_fields(api.app.openapi(), operation), HOSTILE):
                    said = f"{name}={value}"
                    if method == "get":
                        answer = client.get(f"{address}?{said}", headers=_headers(api, "admin", "application/json"))
                    else:
                        form = {"Content-Type": "application/x-www-form-urlencoded"}
                        answer = client.post(address, content=said, headers=form | _headers(api, "admin", "application/json"))
                    assert answer.status_code != 500, (address, said)
                    assert str(answer.status_code) in operation["responses"], (address, said)
                    answer.json()


def test_no_value_breaks_a_path(api):
    with TestClient(api.app, HERE, raise_server_exceptions=False, follow_redirects=False) as client:
        for path, operations in api.app.openapi()["paths"].items():
            for value in HOSTILE if "{" in path else ():
                address = re.sub(r"{.*?}", lambda part: value, path)  # noqa: B023
                for method in operations:
                    answer = client.request(method, address, headers=_headers(api, "admin", "text/html"))
                    assert answer.status_code in (400, 404, 405, 422), address


def _ask_much(api: Api, operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        api.ask(case, headers)

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # any text is right, and nothing but text can be sent


def _fields(description: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    """List the query's parameters, or the form's fields, of an operation."""
    found = [parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded", {}).get("schema", {})
    if "$ref" in body:
        body = description["components"]["schemas"][body["$ref"].rpartition("/")[2]]
    return [*found, *body.get("properties", {})]

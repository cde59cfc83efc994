"""A catalog with a pipeline, and the application over it."""

import pytest
from starlette.testclient import TestClient

from linemill.pipeline import load
from linemill.web.app import application
from linemill.web.site import open_site

PIPELINE = """
nodes:
  level:
    use: linemill.processors:tag_by_pattern
    with: {bad: ERROR}
    to: {bad: errors, "*": rest}
outputs: {errors: "out/errors/{name}", rest: "out/rest/{name}"}
"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    pipeline = load(tmp_path / "pipeline.yaml")
    with open_site(tmp_path, lambda: pipeline) as site:
        yield site


@pytest.fixture
def client(site):
    with TestClient(application(site), base_url="http://127.0.0.1") as client:
        yield client

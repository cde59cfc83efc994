from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import CHROMIUM
from tests.browser.dashboards import Dashboard
from tests.browser.visits import Visit, visits

# Two cores may be busy with other tests.
expect.set_options(timeout=20_000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Stop the browser before tests of other folders: its event loop runs in this thread, where they need their own."""
    yield
    if nextitem is None or nextitem.path.parent != item.path.parent:
        CHROMIUM.stop()


@pytest.fixture
def dashboard(tmp_path: Path) -> Iterator[Dashboard]:
    """Watch a copy of the quick-start example, its inbox empty."""
    made = Dashboard(tmp_path / "bakery")
    try:
        made.start()
        yield made
    finally:
        made.clean_up()


@pytest.fixture
def visit(dashboard: Dashboard) -> Iterator[Callable[..., Visit]]:
    """Make visits to the dashboard: calm ones. In the end, nothing may have happened that should not."""
    yield from visits(lambda: dashboard.address)

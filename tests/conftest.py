"""What tests of every kind share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# No clock decides what is right: not how long an example takes, nor how long one takes to be made.
settings.register_profile("linemill", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("linemill")

SHARED_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real files with known facts, beside the checkout. A checkout without it cannot be tested."""
    assert SHARED_DATA.is_dir(), f"the real data is missing: {SHARED_DATA}"
    return SHARED_DATA


@pytest.fixture(scope="session")
def shared_facts(shared_data: Path) -> dict[str, dict[str, Any]]:
    """What is known about every one of these files, by its path in the folder."""
    facts: dict[str, dict[str, Any]] = json.loads((shared_data / "FACTS.json").read_text())
    return facts

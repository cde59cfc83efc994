"""`kill -9` at any moment."""

from pathlib import Path

import pytest

from tests.crash.moments import kill_at_random_moments


@pytest.mark.slow
def test_a_mill_that_is_killed_at_random_moments_makes_all_right_in_the_end(tmp_path: Path) -> None:
    assert kill_at_random_moments(tmp_path / "project", kills=20, seed=20) == []

"""Ten minutes of `make soak`, in less than one."""

from pathlib import Path

import pytest

from tests.soak.soaking import soak


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_while_the_mill_and_its_workers_die_at_random(tmp_path: Path) -> None:
    soaked = soak(tmp_path / "project", seconds=25, seed=7)
    assert soaked.faults == []
    assert soaked.deaths["of the mill"] >= 2, str(soaked)
    assert len(soaked.drops) > 50, str(soaked)

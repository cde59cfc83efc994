from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.mills import Mill
from tests.crash.workloads import Workload


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Mill]]:
    """Start the mill in the project; whatever is left of it at the end is killed."""
    started: list[Mill] = []

    def begin(failpoint: str = "", *, small_spans: bool = False) -> Mill:
        mill = Mill(tmp_path / "project", failpoint, small_spans=small_spans)
        started.append(mill)
        return mill

    yield begin
    for mill in started:
        mill.clean_up()


@pytest.fixture
def make(tmp_path: Path) -> Callable[[Workload], Path]:
    """Make the project of a workload."""

    def apply(workload: Workload) -> Path:
        workload.make(tmp_path / "project")
        return tmp_path / "project"

    return apply

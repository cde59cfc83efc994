"""The folders of the mills that are measured."""

import pytest

from bench.mill import lay_pipeline
from linemill.pipeline import load


@pytest.mark.parametrize("name", ["functions", "generators", "small"])
def test_a_laid_pipeline_is_right_and_has_its_workers(name, tmp_path):
    lay_pipeline(tmp_path / "new", name, 2)
    pipeline = load(tmp_path / "new" / "pipeline.yaml")
    assert pipeline.workers.count == 2
    assert (tmp_path / "new" / pipeline.watch.inbox).is_dir()
    assert (tmp_path / "new" / pipeline.watch.processed).is_dir()

import os

import pytest

from bench.loops import Case


@pytest.mark.slow
@pytest.mark.parametrize("how", ["functions", "generators"])
def test_the_one_line_that_is_too_long_is_measured_and_fails_nothing(tmp_path, how):
    source, out = tmp_path / "nuls.log", tmp_path / "out"
    source.touch()
    os.truncate(source, 17 * 2**20)
    measured = Case(how, 1).run(source, out)
    assert measured.peak_mb > 0
    assert (out / "dead/nuls.log.jsonl").read_bytes().count(b"\n") == 1

"""What is measured of the dashboard, very small: it runs, ends, and shows its rows."""

import pytest

from bench.report import Report
from bench.web import Web


@pytest.mark.slow
def test_every_part_runs_and_shows_its_rows(tmp_path, capsys):
    web = Web(Report(), tmp_path, idle_s=0.1, uploads_mb=(2, 4))
    web.pages()
    web.waiting(1)
    web.working(20, 1)
    web.upload(1)
    firsts = [line.split(" | ")[:2] for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert ["| all of it", ""] in firsts
    assert ["| 20 streams", ""] in firsts
    assert ["| 20 × 100 lines", "50 requests of `/stats` a second"] in firsts
    assert ["| 4 MB", "upload"] in firsts
    assert list(tmp_path.iterdir()) == []

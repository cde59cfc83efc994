"""The bare cycle: does what it is said to do, with every file."""

import subprocess
import sys
from pathlib import Path

SMALL_FILES = Path(__file__).resolve().parents[3] / "bench" / "small_files.py"


def test_every_file_is_read_written_and_moved(tmp_path):
    folder = tmp_path / "new"
    said = subprocess.run([sys.executable, SMALL_FILES, folder, "205"], check=True, capture_output=True, text=True)
    seconds, cpu_s = map(float, said.stdout.split())
    assert min(seconds, cpu_s) > 0
    names = [f"f{number:06d}.log" for number in range(205)]
    assert sorted(path.name for path in (folder / "done").iterdir()) == names
    assert sorted(path.name for path in (folder / "out").iterdir()) == names
    assert not any((folder / "inbox").iterdir())
    first = (folder / "out" / names[0]).read_text().splitlines()
    assert len(first) == 100
    assert first[0] == (folder / "done" / names[0]).read_text().splitlines()[0].upper()


def test_a_folder_that_is_there_is_refused(tmp_path):
    (tmp_path / "inbox").mkdir()
    said = subprocess.run([sys.executable, SMALL_FILES, tmp_path, "1"], check=False, capture_output=True, text=True)
    assert said.returncode != 0

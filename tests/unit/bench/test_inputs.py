"""The inputs of the benchmark: always the same, and whole or absent."""

import gzip
import hashlib

import pytest

from bench import app_log, inputs


def test_the_log_never_changes():
    """Ratios of different days are worth comparing only over the same bytes."""
    chunk = app_log.chunk(0)
    assert len(chunk) == 10_000_035
    assert hashlib.sha256(chunk).hexdigest() == "d33171e42ae660125015ab0780b66994a8747ce105759ae1388cb77e59049238"


def test_a_compressed_input_holds_the_plain_one(tmp_path, monkeypatch):
    monkeypatch.setattr(app_log, "make", lambda path, megabytes: path.write_bytes(b"%d lines\n" % megabytes))
    inputs.make(tmp_path, "app7.log.gz")
    assert gzip.decompress((tmp_path / "app7.log.gz").read_bytes()) == (tmp_path / "app7.log").read_bytes() == b"7 lines\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app7.log", "app7.log.gz"]


def test_an_interrupted_run_leaves_no_half_input(tmp_path, monkeypatch):
    def stops(path, megabytes):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(app_log, "make", stops)
    with pytest.raises(KeyboardInterrupt):
        inputs.make(tmp_path, "app7.log")
    assert not (tmp_path / "app7.log").exists()


def test_the_line_of_nuls_takes_no_room(tmp_path):
    inputs.make(tmp_path, "nuls.log")
    facts = (tmp_path / "nuls.log").stat()
    assert facts.st_size == 5_000_000_000
    assert facts.st_blocks * 512 < 1_000_000


def test_an_unknown_input_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"nothing is known of a file named other\.txt"):
        inputs.make(tmp_path, "other.txt")

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from linemill.files import Reader, spans


def _as_bytes(path: Path, **options: Any) -> list[bytes]:
    with Reader(path, **options) as reader:
        return [line.encode("utf-8", "surrogateescape") for lines in reader if isinstance(lines, list) for line in lines]


def _digest(lines: list[bytes]) -> str:
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def _is_utf8(line: bytes) -> bool:
    return line.decode("utf-8", "ignore").encode() == line


def test_every_real_file_is_known_by_facts(shared_data, shared_facts):
    files = {str(path.relative_to(shared_data)) for path in shared_data.glob("*/*")}
    assert files == set(shared_facts)
    assert len(files) > 40


def test_every_real_file_has_the_lines_that_its_facts_say(shared_data, shared_facts):
    for name, facts in shared_facts.items():
        lines = _as_bytes(shared_data / name, block_bytes=4096)
        said = facts.get("inner", facts)
        if "decoded" in said:
            assert len(lines) == said["decoded"]["lines"], name
            assert _digest(lines) == said["decoded"]["utf8_sha256"], name
            continue
        if said["encoding"] == "utf-8 with BOM":  # the facts count the mark to the first line
            lines[0] = b"\xef\xbb\xbf" + lines[0]
        assert len(lines) == said["lines"], name
        assert _digest(lines) == said["lines_sha256"], name
        assert max(map(len, lines), default=0) == said["longest_line_bytes"], name
        assert sum(not _is_utf8(line) for line in lines) == said["lines_not_utf8"], name
        assert sum(line.count(b"\0") for line in lines) == said["nul_bytes"], name
        assert lines.count(b"") == said["blank_lines"], name


def test_every_real_file_is_told_by_its_content(shared_data, shared_facts):
    for name, facts in shared_facts.items():
        with Reader(shared_data / name) as reader:
            assert reader.compression == facts.get("compressed"), name
            assert reader.size == facts["bytes"], name
            assert reader.encoding.startswith("utf-16") == ("decoded" in facts), name
            assert reader.is_splittable == ("compressed" not in facts and "decoded" not in facts), name
            list(reader)
            assert reader.raw_bytes == facts["bytes"], name


@pytest.mark.parametrize("span_bytes", [997, 65_536])
def test_every_real_file_is_the_same_in_spans(shared_data, shared_facts, span_bytes):
    for name, facts in shared_facts.items():
        if "compressed" in facts or "decoded" in facts:
            continue
        path = shared_data / name
        in_spans = [line for span in spans(facts["bytes"], span_bytes) for line in _as_bytes(path, span=span, block_bytes=8192)]
        assert in_spans == _as_bytes(path), name

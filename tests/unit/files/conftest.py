from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from linemill.errors import BadInput
from linemill.files import LongLine, Reader


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Put bytes in a file of their own."""

    def apply(data: bytes, name: str = "input.log") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return apply


@pytest.fixture
def lines_of() -> Callable[[Reader], list[str | LongLine]]:
    """All that a reader gives, as one list of lines and references."""
    return lambda reader: [line for item in reader for line in (item if isinstance(item, list) else [item])]


@pytest.fixture
def read(write: Callable[..., Path], lines_of: Callable[[Reader], list[str | LongLine]]) -> Callable[..., list[str | LongLine]]:
    """Read bytes, from a file of their own, as one list of lines and references."""

    def apply(data: bytes, **options: Any) -> list[str | LongLine]:
        with Reader(write(data), **options) as reader:
            return lines_of(reader)

    return apply


@pytest.fixture
def refused_after() -> Callable[[Reader, Callable[[], object]], BadInput]:
    """The reason why a file is refused to which something was done after each block."""

    def apply(reader: Reader, disturb: Callable[[], object]) -> BadInput:
        with pytest.raises(BadInput) as caught:
            deque(disturb() for _ in reader)
        return caught.value

    return apply

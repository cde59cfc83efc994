"""Memory that runs out ends the try at the file; no line is to blame for it."""

from __future__ import annotations

import pytest

from linemill.errors import WorldError
from linemill.pipeline import OnError


def _line(line):
    raise MemoryError


async def _awaited(line):
    raise MemoryError


def _gives_later(line):
    yield line
    raise MemoryError


def _batch(lines):
    raise MemoryError


def _stream(lines):
    for line in lines:
        yield line
        raise MemoryError


def _list_at_the_end(lines):
    yield from list(lines)
    raise MemoryError


@pytest.mark.parametrize(
    ("processor", "mode"),
    [
        (_line, "line"),
        (_gives_later, "line"),
        (_awaited, "async"),
        (_batch, "batch"),
        (_stream, "stream"),
        (_list_at_the_end, "stream"),
    ],
)
@pytest.mark.parametrize("on_error", OnError)
def test_it_is_no_dead_letter_and_the_file_may_be_tried_again(processor, mode, on_error, make_node, run_lines):
    with pytest.raises(WorldError) as caught:
        run_lines(make_node(processor, mode, on_error=on_error), ["a", "b"])
    assert (caught.value.code, caught.value.may_retry) == ("memory", True)
    assert "'node'" in caught.value.where

"""From items to the bytes of an output: text as it is, every other value as one line of JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from itertools import repeat
from typing import Any, NamedTuple

from linemill.counted import Counted
from linemill.engine.block import Block, merge
from linemill.engine.dead import DeadCode

AT_A_TIME = 128
"""Lines that are looked through at a time."""


class Rendered(NamedTuple):
    r"""Whole lines, ready to be written.

    Attributes:
        data: The lines, each with its `\n`.
        numbers: For each line, the number of the input line that it came from.
    """

    data: bytes
    numbers: Sequence[int]


Bury = Callable[[int, str, DeadCode, str, Any], None]
"""Makes an item a dead letter: its line number, the node it came from, why, in words, the item."""


def rendered(arrivals: Sequence[tuple[str, Block]], bury: Bury) -> Rendered:
    """Render what arrived at one output during one block.

    Args:
        arrivals: Blocks with the nodes that they came from, in the order of the nodes.
        bury: Called for items that cannot be written.
    """
    blocks = [_encoded(source, block, bury) for source, block in arrivals]
    block = blocks[0] if len(blocks) == 1 else merge(blocks)
    lines: list[bytes] = block.items
    if not lines:
        return Rendered(b"", ())
    if _have_newlines(lines):
        return _unfolded(lines, block.numbers)
    lines.append(b"")
    return Rendered(b"\n".join(lines), block.numbers)


def _encoded(source: str, block: Block, bury: Bury) -> Block:
    """Encode each item of a block as one line of bytes."""
    room = len(block.items) + 1  # and for what ends the last line
    try:
        return Block(list(Counted(map(str.encode, block.items), room)), block.numbers)
    except (TypeError, UnicodeEncodeError):
        pass
    try:
        escaping = map(str.encode, block.items, repeat("utf-8"), repeat("surrogateescape"))
        return Block(list(Counted(escaping, room)), block.numbers)
    except (TypeError, UnicodeEncodeError):
        pass
    lines: list[bytes] = []
    numbers: list[int] = []
    for number, item in zip(block.numbers, block.items, strict=True):
        try:
            lines.append(item.encode("utf-8", "surrogateescape") if isinstance(item, str) else as_json(item))
        except UnicodeEncodeError as error:
            bury(number, source, DeadCode.NOT_TEXT, f"node {source!r} gave text that UTF-8 cannot say: {error.reason}", item)
        except (TypeError, ValueError, RecursionError) as error:
            words = f"node {source!r} gave a {type(item).__name__} that JSON cannot say: {error}"
            bury(number, source, DeadCode.NOT_JSON, words, item)
        else:
            numbers.append(number)
    return Block(lines, numbers)


def as_json(value: Any) -> bytes:
    r"""Say a record as one line of JSON.

    Undecodable bytes carried in its texts become `\udc80` to `\udcff`, so that the line is valid UTF-8 and nothing is lost.

    Raises:
        TypeError: JSON has no way to say it (bytes, sets, other objects).
        ValueError: A number that is not finite, or a circular record.
    """
    import orjson  # 15 ms that a pipeline of plain text does not pay

    try:
        line = orjson.dumps(value)
    except TypeError as error:
        if "surrogates" not in str(error):
            raise
        _refuse_changed(value)
        return json.dumps(value, default=lambda one: orjson.loads(orjson.dumps(one)), separators=(",", ":")).encode()
    if b"null" in line:
        _refuse_changed(value)
    return line


def _refuse_changed(value: Any) -> None:
    """Refuse what would be changed in silence: orjson writes NaN and infinities as null, json writes keys of any kind as text."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a number in JSON")
    if is_dataclass(value):
        value = [getattr(value, each.name) for each in fields(value)]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("a key that is not text")
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            _refuse_changed(inner)


def _have_newlines(lines: list[bytes]) -> bool:
    """Look for newlines: 20 ns a line, where counting those of what is written takes 55."""
    # Some at a time: what they are put together in is small, and always the same memory.
    return any(b"\n" in b"".join(lines[start : start + AT_A_TIME]) for start in range(0, len(lines), AT_A_TIME))


def _unfolded(lines: list[bytes], numbers: Sequence[int]) -> Rendered:
    """Make items that hold newlines that many lines; a trailing newline is taken off first."""
    unfolded: list[bytes] = []
    of_lines: list[int] = []
    for number, line in zip(numbers, lines, strict=True):
        parts = line.removesuffix(b"\n").split(b"\n") if b"\n" in line else [line]
        unfolded += parts
        of_lines += [number] * len(parts)
    return Rendered(b"\n".join(unfolded) + b"\n", of_lines)

"""Blocks: some consecutive items with their line numbers. What moves through the graph.

Frozen by agreement: nobody changes the lists of a block once it has been handed on.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple


class Block(NamedTuple):
    """Items in the order in which they came, with where they came from.

    Attributes:
        items: Text or records.
        numbers: For each item, the number of the input line that it came from, from 1, never falling; 0 before the first.
        tags: For each item, the tag by which it came; None where the receiver does not ask.
    """

    items: list[Any]
    numbers: Sequence[int]
    tags: list[str] | None = None


class Picked(Sequence[int]):
    """Some of a block's numbers, looked up only when somebody asks for one.

    Args:
        numbers: All of them.
        indices: Gives the indices of those meant.
        count: How many they are.
    """

    __slots__ = ("_count", "_found", "_indices", "_numbers")

    def __init__(self, numbers: Sequence[int], indices: Callable[[], Sequence[int]], count: int) -> None:
        self._numbers = numbers
        self._indices = indices
        self._count = count
        self._found: list[int] | None = None

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        return self._looked_up()[index]

    def __iter__(self) -> Iterator[int]:
        return iter(self._looked_up())

    def _looked_up(self) -> list[int]:
        if self._found is None:
            self._found = pick(self._numbers, self._indices())
        return self._found


def merge(blocks: Sequence[Block]) -> Block:
    """Put blocks that meet at one place in order: by line number, then as they stand in `blocks`."""
    if len(blocks) == 1:
        return blocks[0]
    numbers = [number for block in blocks for number in block.numbers]
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    items = [item for block in blocks for item in block.items]
    tags = None
    if blocks[0].tags is not None:
        together = [tag for block in blocks for tag in block.tags or ()]
        tags = pick(together, order)
    return Block(pick(items, order), pick(numbers, order), tags)


def pick(values: Sequence[Any], indices: Sequence[int]) -> list[Any]:
    """Take the values at these indices, in their order."""
    if len(indices) < 2:
        return [values[index] for index in indices]
    return list(itemgetter(*indices)(values))


def copied(item: Any) -> Any:
    """Copy a record so that two branches cannot change each other's; text is shared.

    Raises:
        Exception: Whatever the record's own copying raises.
    """
    kind = type(item)
    if kind is str:
        return item
    if kind is dict and _PLAIN.issuperset(map(type, item.values())):
        return item.copy()
    return copy.deepcopy(item)


_PLAIN = frozenset({str, int, float, bool, type(None)})
"""Values that cannot be changed, so that a flat copy of their dict is a whole copy."""

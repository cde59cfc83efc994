"""Iterables that say how long they are, so that a list of them is made large enough at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Counted(Generic[T]):
    """Items to come, and how many.

    `list` and `extend` ask for `len`, which a `map` cannot say; so the list grows, and its items move each time: 2 to 3 % of an
    engine's time, although nothing of it can be seen where a list is all that is made.

    Args:
        items: The items.
        count: How many they will be, about: a list gets room for so many.
    """

    __slots__ = ("_count", "_items")

    def __init__(self, items: Iterator[T], count: int) -> None:
        self._items = items
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        return self._items

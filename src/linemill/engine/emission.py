"""From what a processor gave to items with tags and line numbers.

A processor may give text, a record, nothing, a pair of tag and item, or a list or iterator of these. The types in a
block's results tell which of the quick ways applies; only mixed blocks are looked at item by item.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import compress, islice
from typing import Any, NamedTuple

from linemill.engine.block import pick
from linemill.engine.ledger import UNTAGGED


class TooMany(Exception):
    """One line gave more items than `max_yield`."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"gave more than {limit:,} items for one line (max_yield)")


class Emission(NamedTuple):
    """What a node gave for one block.

    Attributes:
        items: In the order given.
        numbers: For each item, its input line.
        tagged: Tag to the indices of the items that go by it, rising; None where all are untagged. An item may stand under
            several tags.
        filtered: How many of the inputs gave nothing.
    """

    items: list[Any]
    numbers: Sequence[int]
    tagged: dict[str, list[int]] | None
    filtered: int

    def counts(self) -> dict[str, int]:
        """Count the items by tag."""
        if self.tagged is None:
            return {UNTAGGED: len(self.items)} if self.items else {}
        return {tag: len(indices) for tag, indices in self.tagged.items()}


NOTHING = Emission([], [], None, 0)


def sort_out(results: list[Any], numbers: Sequence[int], expand: Callable[[int, Any], list[Any]]) -> Emission:
    """Sort the results of a block, one for each input, by tag.

    Args:
        results: One for each input, `None` where nothing came.
        numbers: The inputs' line numbers.
        expand: Turns a list or iterator at an index into its items; called only where there are such.
    """
    kinds = set(map(type, results))
    if kinds == _TEXT:
        return Emission(results, numbers, None, 0)
    if kinds <= _TEXT_OR_NOTHING:
        present = [result is not None for result in results]
        items = list(compress(results, present))
        return Emission(items, list(compress(numbers, present)), None, len(results) - len(items))
    if kinds == _PAIRS and (pairs := tagged_pairs(results)) is not None:
        return Emission(pairs[0], numbers, pairs[1], 0)
    return _one_by_one(results, numbers, expand)


def tagged_pairs(results: list[Any]) -> tuple[list[Any], dict[str, list[int]]] | None:
    """Split pairs of one tag and one item, the most common form; None if any of them is something else."""
    tagged: defaultdict[str, list[int]] = defaultdict(list)
    items: list[Any] = []
    add, index = items.append, 0
    try:
        for tag, item in results:
            tagged[tag].append(index)
            add(item)
            index += 1
    except (TypeError, ValueError):
        return None
    if not all(isinstance(tag, str) for tag in tagged) or type(None) in set(map(type, items)):
        return None
    return items, tagged


def _one_by_one(results: list[Any], numbers: Sequence[int], expand: Callable[[int, Any], list[Any]]) -> Emission:
    flat = Flat()
    filtered = 0
    for index, result in enumerate(results):
        before = len(flat.items)
        if isinstance(result, list) or is_iterator(result):
            for one in expand(index, result):
                flat.add(one)
        else:
            flat.add(result)
        given = len(flat.items) - before
        if given:
            flat.sources.extend([index] * given)
        else:
            filtered += 1
    return flat.emission(pick(numbers, flat.sources), filtered)


class Flat:
    """Items of a block whose results are of several kinds, being put in a row."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.sources: list[int] = []
        self._tagged: dict[str, list[int]] = {}

    def add(self, result: Any) -> None:
        """Add one result: an item, a pair, or nothing."""
        if result is None:
            return
        tags: Sequence[str] = (UNTAGGED,)
        if isinstance(result, tuple) and len(result) == 2:
            first, item = result
            if isinstance(first, str):
                tags, result = (first,), item
            elif isinstance(first, list) and all(isinstance(tag, str) for tag in first):
                tags, result = list(dict.fromkeys(first)), item
            if result is None or not tags:
                return
        for tag in tags:
            self._tagged.setdefault(tag, []).append(len(self.items))
        self.items.append(result)

    def emission(self, numbers: Sequence[int], filtered: int) -> Emission:
        """Close the row; `numbers` has one for each item."""
        tagged = None if self._tagged.keys() <= {UNTAGGED} else self._tagged
        return Emission(self.items, numbers, tagged, filtered)


def is_iterator(result: Any) -> bool:
    """Tell whether a result is to be iterated: generators, `map` objects and the like; never text, dicts or tuples."""
    return isinstance(result, Iterator)


def taken(results: Any, limit: int) -> list[Any]:
    """Take all items of a list or iterator.

    Raises:
        TooMany: There are more than `limit`; an endless iterator is stopped there.
    """
    items = results if isinstance(results, list) else list(islice(results, limit + 1))
    if len(items) > limit:
        raise TooMany(limit)
    return items


_TEXT = {str}
_TEXT_OR_NOTHING = {str, type(None)}
_PAIRS = {tuple}

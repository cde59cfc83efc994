"""From what a processor gave to items with tags and line numbers.

A processor may give text, a record, nothing, a pair of tag and item, or a list or iterator of these. The types in a
block's results tell which of the quick ways applies; only mixed blocks are looked at item by item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import compress, islice
from operator import countOf
from typing import Any, NamedTuple

from linemill.engine.block import pick
from linemill.engine.ledger import UNTAGGED


class TooMany(Exception):
    """One line gave more items than `max_yield`."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"gave more than {limit:,} items for one line (max_yield)")


class Share:
    """The items that go by one tag, in the order in which they were given.

    Where they stood in the emission is worked out only when somebody asks: lines that simply go their ways never pay for it.

    Attributes:
        items: The items.
    """

    __slots__ = ("_find", "_indices", "items")

    def __init__(self, items: list[Any], indices: Sequence[int] | None, find: Callable[[], list[int]] | None = None) -> None:
        self.items = items
        self._indices = indices
        self._find = find

    @property
    def indices(self) -> Sequence[int]:
        """Where each item stood in the emission, rising."""
        if self._indices is None:
            assert self._find is not None
            self._indices = self._find()
        return self._indices


class Emission(NamedTuple):
    """What a node gave for one block.

    Attributes:
        numbers: For each item, in the order given, its input line.
        shares: The items by tag, `UNTAGGED` for those without. With a list of tags an item is given once for each.
        filtered: How many of the inputs gave nothing.
        is_doubled: Whether any record was given more than once, so that those who get it must not share it.
    """

    numbers: Sequence[int]
    shares: dict[str, Share]
    filtered: int = 0
    is_doubled: bool = False


NOTHING = Emission((), {})


def untagged(items: list[Any], numbers: Sequence[int], filtered: int = 0) -> Emission:
    """Give items that have no tag."""
    return Emission(numbers, {UNTAGGED: Share(items, range(len(items)))} if items else {}, filtered)


def sort_out(results: list[Any], numbers: Sequence[int]) -> Emission | None:
    """Sort the results of a block by tag, where they are of one kind; None if they are not.

    Args:
        results: One for each input, `None` where nothing came.
        numbers: The inputs' line numbers.
    """
    kind = only_kind(results)
    if kind is str:
        return untagged(results, numbers)
    if kind is tuple:
        return tagged_pairs(results, numbers)
    present = [result is not None for result in results]
    items = list(compress(results, present))
    if len(items) < len(results) and all_text(items):
        return untagged(items, list(compress(numbers, present)), len(results) - len(items))
    return None


def only_kind(items: list[Any]) -> type | None:
    """Tell the type of all items, `str` where there are none, or all are text; None if they are of several."""
    if not items:
        return str
    kind = type(items[0])
    if kind is str:
        return str if all_text(items) else None
    return kind if countOf(map(type, items), kind) == len(items) else None  # 13 ns an item; a set of the types takes 40


def all_text(items: list[Any]) -> bool:
    """Tell whether all items are text, be it of a class of the user's.

    Behind its end, nothing begins with any of them, not even with nothing; but Python has to look at each to say so, and
    refuses what is no text. That takes a third of the time of counting their types.
    """
    try:
        return not "".startswith(tuple(items), 1)
    except TypeError:
        return False


def tagged_pairs(results: list[Any], numbers: Sequence[int]) -> Emission | None:
    """Sort pairs of one tag and one item, the most common form; None if any of them is something else."""
    tagged: dict[Any, list[Any]] = {}
    rest = iter(results)
    tag = item = None
    is_done = False
    while not is_done:
        try:
            for tag, item in rest:
                tagged[tag].append(item)  # 26 ns a pair, where a `defaultdict` takes 29
            is_done = True
        except KeyError:
            tagged[tag] = [item]
        except (TypeError, ValueError):
            return None
    shares: dict[str, Share] = {}
    has_records = False
    for tag, items in tagged.items():
        if not isinstance(tag, str):
            return None
        if only_kind(items) is not str:
            if type(None) in map(type, items):
                return None
            has_records = True
        shares[_plain(tag)] = Share(items, None, partial(_where, results, tag))
    return Emission(numbers, shares, 0, has_records and _has_twins([item for _, item in results]))


def _where(pairs: list[tuple[str, Any]], tag: str) -> list[int]:
    return [index for index, (one, _) in enumerate(pairs) if one == tag]


def sort_out_each(results: list[Any], numbers: Sequence[int], expand: Callable[[int, Any], list[Any]]) -> Emission:
    """Sort the results of a block by tag, whatever they are.

    Args:
        results: One for each input, `None` where nothing came.
        numbers: The inputs' line numbers.
        expand: Turns a list or iterator at an index into its items.
    """
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
        """Add one result: an item, a pair, or nothing. With a list of tags, the item is added once for each."""
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
        shares = {_plain(tag): Share(pick(self.items, indices), indices) for tag, indices in self._tagged.items()}
        return Emission(numbers, shares, filtered, _has_twins(self.items))


def _plain(tag: str) -> str:
    """Take a tag for what it says: a member of an enumeration of the user's could not leave this process."""
    return str.__str__(tag)


def _has_twins(items: list[Any]) -> bool:
    """Tell whether one and the same object is there more than once."""
    return len(set(map(id, items))) < len(items)


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

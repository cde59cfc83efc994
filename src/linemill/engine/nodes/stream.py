"""Stream mode: the processor is called once for the whole file and keeps its state in its own local variables.

It runs in a greenlet that switches back to the engine when its input runs dry, so a plain generator can be suspended in
the middle of reading. Its input is a chain over list iterators; the length hint of the one in hand says, after each
output, which item was read last: exact line numbers without a wrapper around every line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from operator import length_hint
from typing import Any

from greenlet import GreenletExit, greenlet
from greenlet import error as wrong_thread

from linemill.engine.block import Block, pick
from linemill.engine.dead import reason
from linemill.engine.emission import Emission, Flat, only_kind, tagged_pairs, untagged
from linemill.engine.memory import out_of_memory
from linemill.engine.nodes.base import Attempt, NodeRunner
from linemill.engine.watch import LineTimeout
from linemill.errors import LinemillError, ProcessorFailed
from linemill.pipeline import Node, OnError

PIECE = 10_000
"""Items after which what a stream gives at the end is handed on, so that a sorted file is not held a second time."""

_EMPTY = Block([], ())
_END = object()
_FALLING = list(range(19_999, -1, -1))
"""What `left` says, item by item, of a stream that gives one for one. A block longer than that takes the longer way."""


class StreamNode(NodeRunner):
    """Feeds blocks to a suspended generator and gathers what it gives."""

    def __init__(self, node: Node, attempt: Attempt) -> None:
        super().__init__(node, attempt)
        self._given: list[Any] = []
        self._left: list[int] = []  # for each of them: how many items of the block were still unread when it was given
        self._dead: set[int] = set()  # items of the block that the stream raised on, by index
        self._last: Sequence[int] = (0,)  # line numbers of the block read last; the very last is that of what comes at the end
        self._greenlet = greenlet(self._main)
        assert self._greenlet.parent is not None
        self._feed = _Feed(self._greenlet.parent)

    def open(self) -> Emission:
        """Run up to the first read: what is given before it has the number 0."""
        self._resume()
        return self._taken(_EMPTY)

    def work(self, block: Block) -> Emission:
        """Let the stream read the block to its end."""
        self._feed.fill(block, self.node.is_tagged)
        self._resume()
        emission = self._taken(block)
        self._last = block.numbers
        self.attempt.keep(self.node.name, block.numbers)
        return emission

    def close(self) -> Iterator[Emission]:
        """End the stream's input and give what it still yields."""
        self._feed.has_ended = True
        limit = self.node.max_yield * max(1, self.counts.came)
        given = 0
        while not self._greenlet.dead:
            self._resume()
            given += len(self._given)
            if given > limit:
                raise self._failure(
                    "stream_endless",
                    f"gave more than {limit:,} items after the end of its input (max_yield for each line that it read)",
                )
            yield self._taken(_EMPTY)

    def abort(self) -> None:
        """Throw the stream out of whatever it waits for."""
        self._feed.has_ended = True
        while self._greenlet:  # twice at most: a stream that goes on after the first is stopped in `_drain`
            with suppress(LinemillError), self.watched(lambda: 0):
                self._greenlet.throw(GreenletExit)

    def _resume(self) -> None:
        if not self._greenlet.dead:
            given, feed = self._given, self._feed
            with self.watched(lambda: len(given) - feed.left()):
                self._greenlet.switch()

    def _main(self) -> None:
        """Call the processor, and again after an error where the pipeline says so. Runs in the greenlet."""
        while True:
            try:
                self._drain(self._called())
                if self._feed.is_misread:
                    raise self._failure(
                        "stream_raised",
                        "its input was read in another thread, and lines were missed",
                        "read the lines in the stream itself, and hand them to the threads",
                    )
                return
            except (KeyboardInterrupt, GreenletExit, ProcessorFailed):
                raise
            except BaseException as error:
                self._lose(error)

    def _called(self) -> Iterator[Any]:
        results = self.call(chain.from_iterable(self._feed))
        if isinstance(results, str) or not hasattr(results, "__iter__"):
            raise self._failure(
                "stream_raised",
                f"gave {type(results).__name__} in place of an iterator of items",
                "a stream is a generator, or returns an iterator or a list",
            )
        return iter(results)

    def _drain(self, results: Iterator[Any]) -> None:
        """Gather what the stream gives, until it ends. The loop runs once an item: nothing may be added to it."""
        given, left, feed = self._given, self._left, self._feed
        piece = max(PIECE, self.node.max_yield)
        reader: Any = feed.reader

        def follow(following: Iterator[Any]) -> None:
            nonlocal reader
            reader = following

        feed.follow = follow
        item = next(results, _END)
        while item is not _END:
            # Methods named where they are called: the interpreter has a short way for these, and none for bound ones.
            given.append(item)
            left.append(reader.__length_hint__())
            for item in islice(results, piece):
                given.append(item)
                left.append(reader.__length_hint__())
            if feed.has_ended:
                feed.engine.switch()
            else:
                self._hold_limit(self._left[-piece - 1 :])
            item = next(results, _END)

    def _lose(self, error: BaseException) -> None:
        """Decide what an error of the stream means: fail the file, or bury the line and go on."""
        if isinstance(error, MemoryError):
            raise out_of_memory(f"node {self.node.name!r}") from error
        feed = self._feed
        index = len(feed.block.items) - feed.left() - 1
        is_final = feed.has_ended or index < 0 or index in self._dead
        if self.node.on_error is OnError.FAIL or is_final:
            number = feed.block.numbers[index] if index >= 0 else self._last[-1]
            hint = "" if is_final else "mend the processor, or say `on_error: restart` at this node"
            where = f"after line {number}" if number else "before the first line"
            what = f"the stream {error}" if isinstance(error, LineTimeout) else f"the stream raised {reason(error)}"
            failure = self._failure("stream_raised", what, hint, where)
            failure.traceback = self.attempt.tracebacks.of(error)
            raise failure from error
        self._dead.add(index)
        self.counts.restarts += 1
        feed.read_on()
        self.bury(feed.block.numbers[index], feed.block.items[index], error)

    def _taken(self, block: Block) -> Emission:
        """Take what was given since the last time, while reading this block."""
        given, left, dead = self._given[:], self._left[:], self._dead
        self._given.clear()
        self._left.clear()
        self._dead = set()
        size = len(block.items)
        if not self._feed.has_ended:
            self._hold_limit(left)
        if not size:
            return _sorted_out(given, [self._last[-1]] * len(given))[0]
        is_one_for_one = len(left) == size and left == _FALLING[-size:]  # 17 ns an item, where a set takes 24
        numbers = block.numbers if is_one_for_one else [block.numbers[size - 1 - one] for one in left]
        emission, sources = _sorted_out(given, numbers)
        if sources is not None:
            left = pick(left, sources)
        elif is_one_for_one:
            return emission
        return emission._replace(filtered=size - len({size - 1 - index for index in dead}.union(left)))

    def _hold_limit(self, left: list[int]) -> None:
        limit = self.node.max_yield
        for index in range(len(left) - limit):
            if left[index] == left[index + limit]:
                raise self._endless(left[index])

    def _endless(self, left: int) -> ProcessorFailed:
        block = self._feed.block
        number = block.numbers[len(block.items) - left - 1] if block.items else 0
        where = f"after line {number}" if number else "before the first line"
        return self._failure("stream_endless", f"gave more than {self.node.max_yield:,} items {where} (max_yield)")

    def _failure(self, code: str, what: str, hint: str = "", where: str = "") -> ProcessorFailed:
        place = f"node {self.node.name!r}" + (f", {where}" if where else "")
        return ProcessorFailed(what, place, hint, code=code)


def _sorted_out(given: list[Any], numbers: Sequence[int]) -> tuple[Emission, list[int] | None]:
    """Sort what was given by tag; tell which of it was an item at all, None for all of it."""
    kind = only_kind(given)
    if kind is str:
        return untagged(given, numbers), None
    if kind is tuple and (emission := tagged_pairs(given, numbers)) is not None:
        return emission, None
    flat = Flat()
    for index, item in enumerate(given):
        flat.add(item)
        flat.sources += [index] * (len(flat.items) - len(flat.sources))
    return flat.emission(pick(numbers, flat.sources), 0), flat.sources


class _Feed:
    """The stream's input, a block at a time: an iterator over list iterators that switches to the engine when it is dry.

    An object and not a generator, so that an error that passes through it does not end it.

    Attributes:
        engine: The greenlet to switch to.
        block: The block in hand.
        reader: The list iterator over it; its `__length_hint__` tells how many items are still unread.
        follow: Told the next `reader` when the stream begins to read a block.
        has_ended: No more blocks will come.
        is_misread: Another thread asked for lines, and got an error that the stream may never hear of.
    """

    def __init__(self, engine: greenlet) -> None:
        self.engine = engine
        self.block = _EMPTY
        self.reader: Iterator[Any] = iter([])
        self.follow: Callable[[Iterator[Any]], None] = lambda reader: None
        self.has_ended = False
        self.is_misread = False
        self._next: Iterator[Any] | None = None

    def fill(self, block: Block, with_tags: bool) -> None:
        """Lay the next block out to be read."""
        pairs = list(zip(block.tags or (), block.items, strict=True)) if with_tags else block.items
        self.block = block
        self.reader = self._next = iter(pairs)

    def left(self) -> int:
        """Tell how many items of the block are still unread."""
        return length_hint(self.reader)

    def read_on(self) -> None:
        """Give what is left of the block to a stream that is called again."""
        self._next = self.reader

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> Iterator[Any]:
        while self._next is None:
            if self.has_ended:
                raise StopIteration
            try:
                self.engine.switch()
            except wrong_thread:
                self.is_misread = True
                raise
        reader, self._next = self._next, None
        self.follow(reader)
        return reader

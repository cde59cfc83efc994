"""What all runners share: the attempt they belong to, their counts, and how a line becomes a dead letter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from linemill.engine.block import Block
from linemill.engine.dead import DeadCode, DeadLetter, Tracebacks, reason, shortened, written
from linemill.engine.emission import NOTHING, Emission, TooMany, sort_out, sort_out_each, taken
from linemill.engine.ledger import NodeCounts
from linemill.engine.memory import out_of_memory
from linemill.engine.retry import retried
from linemill.engine.watch import LineTimeout, Watch
from linemill.pipeline import Node

_UNWATCHED = nullcontext()


class Attempt:
    """One try at a file, as its nodes see it: the lines in hand, the dead letters so far, the watchdog.

    Attributes:
        dead: Dead letters of the block in hand; the run takes them after each block.
        tracebacks: Formats tracebacks for all nodes.
        watch: Interrupts what does not move.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.tracebacks = Tracebacks()
        self.dead: list[DeadLetter] = []
        self._lines: Sequence[str] = ()
        self._numbers: Sequence[int] = ()
        self._last_read: dict[str, tuple[Sequence[int], Sequence[str], Sequence[int]]] = {}

    def hold(self, lines: Sequence[str], numbers: Sequence[int]) -> None:
        """Hold the input lines of a block and their numbers, so that dead letters can show them."""
        self._lines, self._numbers = lines, numbers

    def keep(self, node: str, numbers: Sequence[int]) -> None:
        """Keep the lines in hand for what a stream that has read these numbers gives at the end of the file."""
        self._last_read[node] = (numbers, self._lines, self._numbers)

    def bury(self, number: int, node: str, code: DeadCode, error: str, item: Any, traceback: str = "") -> None:
        """Note a dead letter for an item that came from this line."""
        (given, form), text = written(item), self._text_of(number)
        self.dead.append(
            DeadLetter(
                number,
                node,
                code,
                shortened(error),
                given if text is None else text,
                None if text is None or given == text else given,
                traceback,
                form=form,
            )
        )

    def _text_of(self, number: int) -> str | None:
        text = _line(number, self._lines, self._numbers)
        for read, lines, numbers in self._last_read.values():
            if text is None and read[-1] == number:
                text = _line(number, lines, numbers)
        return None if text is None else shortened(text)


def _line(number: int, lines: Sequence[str], numbers: Sequence[int]) -> str | None:
    index = bisect_left(numbers, number)
    return lines[index] if index < len(numbers) and numbers[index] == number else None


class NodeRunner(ABC):
    """Runs one node's processor, block by block.

    `open` is called once, then `work` with blocks in order, then `close` once; `abort` may come at any time and ends it.
    All from the one thread that runs the engine. None of them touches disk or clock.

    Attributes:
        node: The node.
        counts: What it did so far.
    """

    def __init__(self, node: Node, attempt: Attempt) -> None:
        self.node = node
        self.attempt = attempt
        self.counts = NodeCounts()
        self.call = retried(self.whole(node.build()), node.retry)

    def whole(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Make the processor give everything before it returns, where it may not be left to give it later.

        What is tried again must be: else what came before the error would come twice.
        """
        return call

    def open(self) -> Emission:
        """Start the processor; give what it has to say before the first line. Called once, before `work`."""
        return NOTHING

    @abstractmethod
    def work(self, block: Block) -> Emission:
        """Take a block, give what came of it.

        Raises:
            ProcessorFailed: The processor broke in a way that leaves the rest of the file unknown.
        """

    def close(self) -> Iterator[Emission]:
        """Tell the processor that the file has ended; give what it still had, in pieces."""
        return iter(())

    def abort(self) -> None:  # noqa: B027  most modes hold nothing
        """Let go of everything at once; nothing more is asked of this node."""

    def watched(self, progress: Callable[[], int]) -> AbstractContextManager[None]:
        """Watch the body of a `with`, if the node has a `line_timeout`."""
        if self.node.line_timeout_s is None:
            return _UNWATCHED
        return self.attempt.watch.over(progress, self.node.line_timeout_s)

    def bury(self, number: int, item: Any, error: BaseException) -> None:
        """Make the item that the processor broke on a dead letter, and count it.

        Raises:
            WorldError: Memory ran out, which is not the item's fault.
        """
        if isinstance(error, MemoryError):
            raise out_of_memory(f"node {self.node.name!r}, line {number}") from error
        self.counts.dead += 1
        code, words, trace = DeadCode.RAISED, reason(error), self.attempt.tracebacks.of(error)
        if isinstance(error, LineTimeout):
            code, words = DeadCode.TIMEOUT, str(error)
        elif isinstance(error, TooMany):
            code, words, trace = DeadCode.TOO_MANY, str(error), ""
        self.attempt.bury(number, self.node.name, code, words, item, trace)

    def sorted_out(self, results: list[Any], block: Block, dead: int) -> Emission:
        """Sort results, one for each item of the block, by tag; lists and iterators among them are taken apart here.

        Args:
            results: `None` stands for an item that gave nothing or is already buried.
            block: The items.
            dead: What `counts.dead` was before the block.
        """
        emission = sort_out(results, block.numbers) or self._each_sorted_out(results, block)
        buried = self.counts.dead - dead
        return emission._replace(filtered=emission.filtered - buried) if buried else emission

    def _each_sorted_out(self, results: list[Any], block: Block) -> Emission:
        done = 0

        def expand(index: int, result: Any) -> list[Any]:
            nonlocal done
            try:
                return taken(result, self.node.max_yield)
            except KeyboardInterrupt:  # the person at the keyboard
                raise
            except BaseException as error:  # a panic in a library written in Rust, say, is no `Exception`
                self.bury(block.numbers[index], block.items[index], error)
                return []
            finally:
                done = index + 1

        with self.watched(lambda: done):
            return sort_out_each(results, block.numbers, expand)

"""Line mode: the processor is mapped over a block."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import isgeneratorfunction
from itertools import islice
from typing import Any

from linemill.counted import Counted
from linemill.engine.block import Block
from linemill.engine.emission import Emission, is_iterator
from linemill.engine.nodes.base import NodeRunner


class LineNode(NodeRunner):
    """Calls the processor once a line, without a `try` around each call.

    When it raises, the length of the results says which line it was; the map then goes on from the same iterator.
    """

    def whole(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Take iterators apart within the call, where a later call could change what they give.

        A generator function does nothing until it is taken apart, in order; a function holds no state; both may wait for
        the end of the block, which is faster.
        """
        if self.node.retry is None and (self.node.is_splittable or isgeneratorfunction(call)):
            return call
        limit = self.node.max_yield + 1

        @wraps(call)
        def called(item: Any) -> Any:
            result = call(item)
            return list(islice(result, limit)) if type(result) not in _NO_ITERATORS and is_iterator(result) else result

        return called

    def work(self, block: Block) -> Emission:
        """Map the processor over the block."""
        items = block.items
        dead = self.counts.dead
        results: list[Any] = []
        rest = iter(items)
        with self.watched(results.__len__):
            while len(results) < len(items):
                try:
                    results.extend(Counted(map(self.call, rest), len(items) - len(results)))
                except KeyboardInterrupt:
                    raise
                except BaseException as error:
                    self._lose(block, results, error)
                else:
                    if len(results) < len(items):
                        # `map` takes a StopIteration that the processor raised for the end of its input.
                        self._lose(block, results, StopIteration("raised by the processor"))
        return self.sorted_out(results, block, dead)

    def _lose(self, block: Block, results: list[Any], error: BaseException) -> None:
        index = len(results)
        self.bury(block.numbers[index], block.items[index], error)
        results.append(None)


_NO_ITERATORS = frozenset({str, type(None), tuple, dict, list})
"""What most processors give: told apart at once."""

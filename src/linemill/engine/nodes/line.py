"""Line mode: the processor is mapped over a block."""

from __future__ import annotations

from typing import Any

from linemill.engine.block import Block
from linemill.engine.emission import Emission
from linemill.engine.nodes.base import USER_ERRORS, NodeRunner


class LineNode(NodeRunner):
    """Calls the processor once a line, without a `try` around each call.

    When it raises, the length of the results says which line it was; the map then goes on from the same iterator.
    """

    def work(self, block: Block) -> Emission:
        """Map the processor over the block."""
        items = block.items
        buried = self.counts.dead
        results: list[Any] = []
        rest = iter(items)
        with self.watched(results.__len__):
            while len(results) < len(items):
                try:
                    results.extend(map(self.call, rest))
                except USER_ERRORS as error:
                    self._lose(block, results, error)
                else:
                    if len(results) < len(items):
                        # `map` takes a StopIteration that the processor raised for the end of its input.
                        self._lose(block, results, StopIteration("raised by the processor"))
        buried = self.counts.dead - buried
        emission = self.sorted_out(results, block)
        return emission._replace(filtered=emission.filtered - buried) if buried else emission

    def _lose(self, block: Block, results: list[Any], error: BaseException) -> None:
        index = len(results)
        self.bury(block.numbers[index], block.items[index], error)
        results.append(None)

"""Batch mode: the processor gets all lines of a block in one list, and gives a list as long."""

from __future__ import annotations

from typing import Any

from linemill.engine.block import Block
from linemill.engine.emission import Emission
from linemill.engine.nodes.base import USER_ERRORS, NodeRunner
from linemill.errors import ProcessorFailed


class BatchNode(NodeRunner):
    """Calls the processor once a block.

    When it raises, the block is halved until the lines that it cannot do stand alone: a line is dead exactly if the
    processor raises on it alone, however the file was cut into blocks.
    """

    def work(self, block: Block) -> Emission:
        """Call the processor with the block."""
        buried = self.counts.dead
        results = self._called(block, 0, len(block.items))
        buried = self.counts.dead - buried
        emission = self.sorted_out(results, block)
        return emission._replace(filtered=emission.filtered - buried) if buried else emission

    def _called(self, block: Block, start: int, end: int) -> list[Any]:
        try:
            with self.watched(lambda: start):
                given = self.call(block.items[start:end])
                results = given if isinstance(given, list) else list(given)
        except USER_ERRORS as error:
            if end - start == 1:
                self.bury(block.numbers[start], block.items[start], error)
                return [None]
            middle = (start + end) // 2
            return self._called(block, start, middle) + self._called(block, middle, end)
        if len(results) != end - start:
            raise ProcessorFailed(
                f"gave {len(results)} results for {end - start} lines",
                f"node {self.node.name!r}, lines {block.numbers[start]} to {block.numbers[end - 1]}",
                "a batch processor gives a list as long as the one it gets, with None for a line that is to go",
                code="batch_length",
            )
        return results

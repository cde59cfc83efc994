"""Batch mode: the processor gets all lines of a block in one list, and gives a list as long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from itertools import islice
from typing import Any

from linemill.engine.block import Block
from linemill.engine.emission import Emission
from linemill.engine.nodes.base import NodeRunner
from linemill.errors import ProcessorFailed


class BatchNode(NodeRunner):
    """Calls the processor once a block.

    When it raises, the block is halved until the lines that it cannot do stand alone: a line is dead exactly if the
    processor raises on it alone, however the file was cut into blocks.
    """

    def whole(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Make a list of what the processor gives, one too many at most; text, mappings and single values stay what they are."""

        @wraps(call)
        def called(items: list[Any]) -> Any:
            given = call(items)
            if isinstance(given, list | str | bytes | Mapping) or not hasattr(given, "__iter__"):
                return given
            return list(islice(given, len(items) + 1))

        return called

    def work(self, block: Block) -> Emission:
        """Call the processor with the block."""
        dead = self.counts.dead
        results = self._called(block, 0, len(block.items))
        return self.sorted_out(results, block, dead)

    def _called(self, block: Block, start: int, end: int) -> list[Any]:
        try:
            with self.watched(lambda: start):
                results = self.call(block.items[start:end])
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if end - start == 1:
                self.bury(block.numbers[start], block.items[start], error)
                return [None]
        else:
            if isinstance(results, list) and len(results) == end - start:
                return results
            raise self._failure(results, block, start, end)
        middle = (start + end) // 2
        return self._called(block, start, middle) + self._called(block, middle, end)

    def _failure(self, results: Any, block: Block, start: int, end: int) -> ProcessorFailed:
        found = type(results).__name__
        if isinstance(results, list):
            found = f"{len(results)} results" if len(results) <= end - start else "more results"
        return ProcessorFailed(
            f"gave {found} for {end - start} lines",
            f"node {self.node.name!r}, lines {block.numbers[start]} to {block.numbers[end - 1]}",
            "a batch processor gives a list as long as the one it gets, with None for a line that is to go",
            code="batch_length",
        )

"""Async mode: the lines of a block run concurrently, results in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from functools import wraps
from inspect import isasyncgenfunction
from typing import Any

from linemill.engine.block import Block
from linemill.engine.emission import Emission, TooMany
from linemill.engine.nodes.base import Attempt, NodeRunner
from linemill.engine.watch import LineTimeout
from linemill.pipeline import Node


class AsyncNode(NodeRunner):
    """Awaits the processor for up to `concurrency` lines at a time, on one event loop for the whole file."""

    def __init__(self, node: Node, attempt: Attempt) -> None:
        super().__init__(node, attempt)
        self._runner = asyncio.Runner()
        self._finished = 0

    def whole(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Make one awaitable of an async generator, which gives a list."""

        @wraps(call)
        async def gathered(item: Any) -> list[Any]:
            async with aclosing(call(item)) as items:
                taken: list[Any] = []
                async for one in items:
                    if len(taken) == self.node.max_yield:
                        raise TooMany(self.node.max_yield)
                    taken.append(one)
                return taken

        return gathered if isasyncgenfunction(call) else call

    def work(self, block: Block) -> Emission:
        """Run the block's lines and wait for all of them."""
        dead = self.counts.dead
        self._finished = 0
        with self.watched(lambda: self._finished):
            outcomes = self._runner.run(self._all(block.items))
        results: list[Any] = []
        for index, (result, error) in enumerate(outcomes):
            if error is not None:
                self.bury(block.numbers[index], block.items[index], error)
            results.append(result)
        return self.sorted_out(results, block, dead)

    def abort(self) -> None:
        """Cancel what still runs and close the loop."""
        with suppress(LineTimeout), self.watched(lambda: 0):  # what does not let itself be cancelled is left behind
            self._runner.close()

    async def _all(self, items: list[Any]) -> list[tuple[Any, BaseException | None]]:
        outcomes: list[tuple[Any, BaseException | None]] = [(None, None)] * len(items)
        rest = iter(range(len(items)))

        async def work_off() -> None:
            for index in rest:
                outcomes[index] = await self._one(items[index])
                self._finished += 1

        await asyncio.gather(*(work_off() for _ in range(min(self.node.concurrency, len(items)))))
        return outcomes

    async def _one(self, item: Any) -> tuple[Any, BaseException | None]:
        limit_s = self.node.line_timeout_s
        try:
            async with asyncio.timeout(limit_s) as deadline:
                return await self.call(item), None
        except TimeoutError as error:
            return None, LineTimeout(limit_s) if limit_s is not None and deadline.expired() else error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return None, error  # of something that the processor waited for
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return None, error

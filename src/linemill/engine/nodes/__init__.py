"""One file a mode: how a processor of that mode is called with a block."""

from importlib import import_module

from linemill.engine.nodes.base import Attempt, NodeRunner
from linemill.pipeline import Mode, Node


def runner_for(node: Node, attempt: Attempt) -> NodeRunner:
    """Build the node's processor and put it into the runner of its mode."""
    module, name = _RUNNERS[node.mode]
    runner: type[NodeRunner] = getattr(import_module(f"{__name__}.{module}"), name)
    return runner(node, attempt)


_RUNNERS: dict[Mode, tuple[str, str]] = {
    Mode.LINE: ("line", "LineNode"),
    Mode.BATCH: ("batch", "BatchNode"),
    Mode.ASYNC: ("asynchronous", "AsyncNode"),
    Mode.STREAM: ("stream", "StreamNode"),
}
"""Imported when a pipeline has such a node: asyncio alone takes 35 ms."""

__all__ = ["Attempt", "NodeRunner", "runner_for"]

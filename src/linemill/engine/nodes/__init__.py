"""One file a mode: how a processor of that mode is called with a block."""

from linemill.engine.nodes.asynchronous import AsyncNode
from linemill.engine.nodes.base import Attempt, NodeRunner
from linemill.engine.nodes.batch import BatchNode
from linemill.engine.nodes.line import LineNode
from linemill.engine.nodes.stream import StreamNode
from linemill.pipeline import Mode, Node


def runner_for(node: Node, attempt: Attempt) -> NodeRunner:
    """Build the node's processor and put it into the runner of its mode."""
    return _RUNNERS[node.mode](node, attempt)


_RUNNERS: dict[Mode, type[NodeRunner]] = {
    Mode.LINE: LineNode,
    Mode.BATCH: BatchNode,
    Mode.ASYNC: AsyncNode,
    Mode.STREAM: StreamNode,
}

__all__ = ["Attempt", "NodeRunner", "runner_for"]

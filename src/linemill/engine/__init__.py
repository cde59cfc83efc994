"""Lines through the graph: pure, a block at a time. `Run` is the door."""

from linemill.engine.dead import TEXT_LIMIT, DeadCode, DeadLetter, Form
from linemill.engine.ledger import UNTAGGED, Ledger, NodeCounts, OutputCounts
from linemill.engine.render import Rendered
from linemill.engine.run import Results, Run, empty_ledger
from linemill.engine.tracing import Given, Step, Traced
from linemill.engine.watch import LineTimeout, NoWatch, Watch

__all__ = [
    "TEXT_LIMIT",
    "UNTAGGED",
    "DeadCode",
    "DeadLetter",
    "Form",
    "Given",
    "Ledger",
    "LineTimeout",
    "NoWatch",
    "NodeCounts",
    "OutputCounts",
    "Rendered",
    "Results",
    "Run",
    "Step",
    "Traced",
    "Watch",
    "empty_ledger",
]

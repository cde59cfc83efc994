"""What the user wrote, checked: from a YAML file to a graph of known processors.

`load` is the door. It leaves running to `linemill.engine`.
"""

from linemill.pipeline.graph import (
    ANY_TAG,
    DROP,
    START_TAG,
    Budget,
    InputSettings,
    Mode,
    Node,
    OnError,
    Output,
    Pipeline,
    Retry,
    WatchSettings,
)

__all__ = [
    "ANY_TAG",
    "DROP",
    "START_TAG",
    "Budget",
    "InputSettings",
    "Mode",
    "Node",
    "OnError",
    "Output",
    "Pipeline",
    "Retry",
    "WatchSettings",
]

"""Tell which shape a processor has: how it takes its lines.

In this order: `mode:` in the file, a decorator, `async def`, the annotation of the first parameter, its name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from linemill import marks
from linemill.pipeline.annotations import parameters_of, shape_of_annotation
from linemill.pipeline.graph import Mode

LINE_NAMES = {"line": "line", "record": "line", "lines": "stream", "records": "stream"}
"""Names of a first parameter that tell the shape."""

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a processor takes its lines.

    Attributes:
        mode: One at a time, in lists, or all in one call.
        is_tagged: A stream that takes `(tag, item)` pairs.
    """

    mode: Mode
    is_tagged: bool = False


def is_async(function: Callable[..., Any]) -> bool:
    """Tell whether a function was written with `async def`."""
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def mark_of(*marked: Any) -> str | None:
    """Read the decorator of the first of these that has one."""
    return next((mark for each in marked if isinstance(mark := getattr(each, marks.ATTRIBUTE, None), str)), None)


def first_parameter(parameters: Sequence[inspect.Parameter] | None) -> inspect.Parameter | None:
    """Give the parameter that takes the line, if there is one."""
    return parameters[0] if parameters and parameters[0].kind in _POSITIONAL else None


def shape_of(
    function: Callable[..., Any],
    mode: Mode | None,
    marked: Sequence[Any] = (),
    parameters: Sequence[inspect.Parameter] | None = None,
) -> Shape | None:
    """Tell the shape of a function or a bound method; None where nothing tells.

    Args:
        function: What is called with lines.
        mode: What the file says.
        marked: What else may carry its decorator: the class of a method.
        parameters: Those of the function from the one that takes the line, if they are known to the caller.
    """
    first = first_parameter(parameters_of(function) if parameters is None else parameters)
    word = mark_of(function, *marked)
    if word is None and is_async(function):
        word = "async"
    if word is None and first is not None:
        word = shape_of_annotation(first.annotation) or LINE_NAMES.get(first.name)
    if mode is not None:
        # The file says that it is a stream; only the code says whether it takes tags.
        return Shape(mode, is_tagged=mode is Mode.STREAM and word == "tagged_stream")
    if word is None:
        return None
    return Shape(Mode.STREAM, is_tagged=True) if word == "tagged_stream" else Shape(Mode(word))

"""Decorators that say which shape a processor has, where its signature does not tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any] | type)

ATTRIBUTE = "__linemill_mode__"


def _mark(mode: str) -> Callable[[F], F]:
    def apply(processor: F) -> F:
        setattr(processor, ATTRIBUTE, mode)
        return processor

    return apply


def line(processor: F) -> F:
    """Mark a function, method or class as taking one line (or record) at a time."""
    return _mark("line")(processor)


def batch(processor: F) -> F:
    """Mark a function, method or class as taking a list of lines and giving a list as long."""
    return _mark("batch")(processor)


def stream(processor: F) -> F:
    """Mark a function, method or class as taking an iterator of all lines of a file, once."""
    return _mark("stream")(processor)


def tagged_stream(processor: F) -> F:
    """Mark a function, method or class as taking an iterator of `(tag, item)` pairs, once for a file."""
    return _mark("tagged_stream")(processor)

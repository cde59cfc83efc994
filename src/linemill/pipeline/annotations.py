"""Read annotations: what a processor's first parameter is, and whether a setting fits its parameter."""

from __future__ import annotations

import collections.abc
import inspect
import sys
import types
import typing
from collections.abc import Callable
from typing import Any

from linemill.pipeline.part import Part
from linemill.pipeline.wording import describe, listing

_BATCHES = (list, collections.abc.Sequence, collections.abc.MutableSequence)
_STREAMS = (collections.abc.Iterator, collections.abc.Iterable, collections.abc.Generator)
_LISTS = (list, collections.abc.Sequence, collections.abc.Collection, collections.abc.Iterable)
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)

UNKNOWN = inspect.Parameter.empty
"""Stands for an annotation that is missing or cannot be read."""


def read_annotation(annotation: Any, owner: Any) -> Any:
    """Turn an annotation into an object; `UNKNOWN` where that cannot be.

    Args:
        annotation: As the signature has it; text under `from __future__ import annotations`.
        owner: The function or class that has the signature, for the names that it sees.
    """
    if not isinstance(annotation, str):
        return annotation
    # Names imported for type checkers only are not in the module; those of typing and collections.abc are known anyway.
    names = {**vars(typing), **vars(collections.abc), **_namespace(owner)}
    try:
        return eval(annotation, names)
    except Exception:
        return UNKNOWN


def _namespace(owner: Any) -> dict[str, Any]:
    """Give the names that a function's or class's annotations see."""
    if inspect.isclass(owner):
        module = sys.modules.get(owner.__module__)
        around = vars(module) if module else {}
        return {**around, **getattr(owner.__init__, "__globals__", {})}
    function = inspect.unwrap(getattr(owner, "__func__", owner))
    names: dict[str, Any] = getattr(function, "__globals__", {})
    return names


def shape_of_annotation(annotation: Any) -> str | None:
    """Tell the shape of a processor whose first parameter is annotated so: the names are those of the decorators."""
    annotation = _bare(annotation)
    if isinstance(annotation, typing.NewType):
        return shape_of_annotation(annotation.__supertype__)
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        shapes = {shape_of_annotation(each) for each in typing.get_args(annotation) if each is not types.NoneType}
        return shapes.pop() if len(shapes) == 1 else None
    kind = origin or annotation
    if kind in _STREAMS:
        return "tagged_stream" if _is_tagged_item(typing.get_args(annotation)) else "stream"
    if kind in _BATCHES:
        return "batch"
    if inspect.isclass(kind) and (issubclass(kind, str | dict) or kind in _MAPPINGS):
        return "line"
    return None


def _is_tagged_item(arguments: tuple[Any, ...]) -> bool:
    item = arguments[0] if arguments else None
    parts = typing.get_args(item) if typing.get_origin(item) is tuple else ()
    return len(parts) == 2 and parts[1] is not Ellipsis and shape_of_annotation(parts[0]) == "line"


def is_mapping(annotation: Any) -> bool:
    """Tell whether a parameter wants a mapping."""
    annotation = _bare(annotation)
    return (typing.get_origin(annotation) or annotation) in _MAPPINGS


def is_callable(annotation: Any) -> bool:
    """Tell whether a function that is annotated to return this returns a function."""
    return (typing.get_origin(annotation) or annotation) is collections.abc.Callable


def value_annotation(annotation: Any) -> Any:
    """Tell what the values of an annotated mapping are."""
    arguments = typing.get_args(_bare(annotation))
    return arguments[1] if len(arguments) == 2 else UNKNOWN


def misfit(part: Part, annotation: Any) -> Part | None:
    """Find what in a setting does not fit its annotation; None where it fits or nobody can tell.

    Only plain annotations are looked at. Text is not a number, however it looks; a whole number is a float as well.
    """
    annotation = _bare(annotation)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        found = [misfit(part, each) for each in arguments]
        return None if None in found else next((inner for inner in found if inner is not part), part)
    if origin is typing.Literal:
        is_one = any(part.value == each and type(part.value) is type(each) for each in arguments)
        # A member of an enumeration cannot be written in YAML, so its literals cannot be checked.
        return None if is_one or not all(isinstance(each, str | int | None) for each in arguments) else part
    kind = origin or annotation
    if kind in _LISTS:
        return _misfit_inside(part, list, part.items, arguments[:1])
    if kind in _MAPPINGS:
        keys = [entry.key for entry in part.entries.values()]
        parts = [entry.part for entry in part.entries.values()]
        return _misfit_inside(part, dict, keys, arguments[:1]) or _misfit_inside(part, dict, parts, arguments[1:2])
    if annotation is float:
        return None if type(part.value) in (int, float) else part
    if annotation in (str, int, bool):
        return None if type(part.value) is annotation else part
    if annotation in (None, types.NoneType):
        return None if part.value is None else part
    return None


def _misfit_inside(part: Part, kind: type, inside: list[Part], annotation: tuple[Any, ...]) -> Part | None:
    if not isinstance(part.value, kind):
        return part
    wrong = (misfit(each, annotation[0]) for each in inside) if annotation else iter(())
    return next((each for each in wrong if each is not None), None)


def _bare(annotation: Any) -> Any:
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation


def words_for(annotation: Any) -> str:
    """Say an annotation as it would be written."""
    if typing.get_origin(annotation) is typing.Literal:
        return listing(describe(each) for each in typing.get_args(annotation))
    return inspect.formatannotation(_bare(annotation)).replace("collections.abc.", "")


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter] | None:
    """List the parameters of a function, method or class, annotations read; None where Python cannot tell."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return None
    return [each.replace(annotation=read_annotation(each.annotation, function)) for each in parameters]

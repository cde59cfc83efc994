"""Bind the settings of a node to the signature of its processor: unknown, missing and misfit ones are told."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from linemill.pipeline.annotations import UNKNOWN, is_mapping, misfit, value_annotation, words_for
from linemill.pipeline.part import Entry, Part
from linemill.pipeline.problems import Problems
from linemill.pipeline.spec import NodeForm
from linemill.pipeline.wording import allowed, describe, did_you_mean, nearest, quote

ONE_DICT_NAMES = ("config", "settings", "options", "params")
"""A single parameter of such a name takes all settings as one dict."""

NODE_NAME = "name"
"""A parameter of this name is given the node's, where the settings do not give another."""

_BY_KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Bound:
    """Settings as a processor takes them: keywords."""

    keywords: dict[str, Any]

    def fresh(self) -> dict[str, Any]:
        """Copy them, so that an attempt that changes a list it was given does not change the next one's."""
        return copy.deepcopy(self.keywords)


def bind(
    node: NodeForm, owner: str, parameters: Sequence[inspect.Parameter] | None, problems: Problems, *, gives_name: bool
) -> Bound | None:
    """Bind a node's settings.

    Args:
        node: The node, with its settings.
        owner: How messages name the processor.
        parameters: What it may be given; None where Python cannot tell, which allows anything.
        problems: Takes what does not fit.
        gives_name: Whether it gets the node's name if it asks for one: objects do, functions do not.

    Returns:
        The keywords to call it with; None if they do not fit.
    """
    settings = node.settings
    if parameters is None:
        return Bound({key: entry.part.plain() for key, entry in settings.items()})
    keywords: dict[str, Any] = {}
    free = [each for each in parameters if each.kind not in _VARIABLE]
    if gives_name and NODE_NAME not in settings and any(each.name == NODE_NAME and each.kind in _BY_KEYWORD for each in free):
        keywords[NODE_NAME] = node.name
        free = [each for each in free if each.name != NODE_NAME]
    one = _one_dict(free, parameters, settings)
    if one is not None:
        return _bind_one_dict(node, one, keywords, problems)
    takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    known = {each.name: each for each in free if each.kind in _BY_KEYWORD}
    required = [each.name for each in free if each.default is inspect.Parameter.empty]
    is_good = True
    unknown: list[str] = []
    for key, entry in settings.items():
        if key in known:
            is_good &= _fits(node, key, entry.part, known[key].annotation, problems)
        elif takes_any:
            annotation = next(each.annotation for each in parameters if each.kind is inspect.Parameter.VAR_KEYWORD)
            is_good &= _fits(node, key, entry.part, annotation, problems)
        else:
            unknown.append(key)
            what = f"{node.where}.with: {owner} has no setting {quote(key)}, {allowed(known)}"
            problems.add(what, entry.key.place, did_you_mean(key, known))
    for name in required:
        # A misspelled setting is told once, as an unknown one.
        if name not in settings and all(nearest(key, known) != name for key in unknown):
            hint = (
                f'add it under "with": {name}: …' if name in known else "only Python code can give it: write a function that does"
            )
            problems.add(f"{node.where}: {owner} needs the setting {quote(name)}", node.place_of("with", "use"), hint)
            is_good = False
    if unknown or not is_good:
        return None
    return Bound(keywords | {key: entry.part.plain() for key, entry in settings.items()})


def _one_dict(
    free: list[inspect.Parameter], parameters: Sequence[inspect.Parameter], settings: dict[str, Entry]
) -> inspect.Parameter | None:
    """Find the parameter that takes all settings as one dict."""
    if (
        len(free) != 1
        or free[0].kind not in _BY_KEYWORD
        or any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    ):
        return None
    one = free[0]
    if one.name not in ONE_DICT_NAMES and not is_mapping(one.annotation):
        return None
    # `with: {mapping: {a: b}}` for `def __init__(self, mapping: dict[str, str])` names the parameter itself.
    is_named = list(settings) == [one.name] and (
        one.name not in ONE_DICT_NAMES or isinstance(settings[one.name].part.value, dict)
    )
    return None if is_named else one


def _bind_one_dict(node: NodeForm, one: inspect.Parameter, keywords: dict[str, Any], problems: Problems) -> Bound | None:
    if not node.settings and one.default is not inspect.Parameter.empty:
        return Bound(keywords)
    annotation = value_annotation(one.annotation)
    # A list, so that every setting is looked at and not only those before the first that is wrong.
    fit = [_fits(node, key, entry.part, annotation, problems) for key, entry in node.settings.items()]
    if not all(fit):
        return None
    return Bound(keywords | {one.name: {key: entry.part.plain() for key, entry in node.settings.items()}})


def _fits(node: NodeForm, key: str, part: Part, annotation: Any, problems: Problems) -> bool:
    wrong = None if annotation is UNKNOWN else misfit(part, annotation)
    if wrong is not None:
        what = f"{node.where}.with.{key}: found {describe(wrong.value)}, wants {words_for(annotation)}"
        problems.add(what, wrong.place, _way_out(wrong, annotation))
    return wrong is None


def _way_out(wrong: Part, annotation: Any) -> str:
    from typing import Literal, get_args, get_origin

    if get_origin(annotation) is Literal and wrong.text:
        return did_you_mean(wrong.text, [each for each in get_args(annotation) if isinstance(each, str)])
    if annotation is str and wrong.is_scalar and wrong.text:
        return f'write it in quotes: "{wrong.text}"'
    return ""

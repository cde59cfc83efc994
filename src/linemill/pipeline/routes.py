"""Read where a node's lines go: what stands under `to:`."""

from __future__ import annotations

from linemill.pipeline.graph import ANY_TAG, DROP
from linemill.pipeline.part import Part
from linemill.pipeline.problems import Problems
from linemill.pipeline.spec import NODE, NodeForm
from linemill.pipeline.wording import describe, nearest, quote

Routes = dict[str, tuple[Part, ...]]
"""Tag to targets; a target is a part whose text is the name of a node, of an output, or `DROP`."""


def read_routes(node: NodeForm, problems: Problems) -> Routes | None:
    """Read a node's routes; None where any of them cannot be read, which is noted."""
    where = f"{node.where}.to"
    part = node.parts.get("to")
    if part is None:
        if node.parts and not any(nearest(key, NODE) == "to" for key in node.parts if key not in NODE):
            hint = 'name where its lines go, or write "to: drop" to end here on purpose'
            problems.add(f'{node.where}: "to" is missing', node.place, hint)
        return None
    if not isinstance(part.value, dict):
        targets = _read_targets(part, where, problems)
        return {ANY_TAG: targets} if targets else None
    if not part.entries:
        problems.add(
            f"{where}: found an empty mapping, wants tags with their targets", part.place, 'such as "to: {error: errors}"'
        )
    routes: Routes = {}
    for tag, entry in part.entries.items():
        if targets := _read_targets(entry.part, f"{where}.{tag}", problems):
            routes[tag] = targets
    return routes if routes and len(routes) == len(part.entries) else None


def _read_targets(part: Part, where: str, problems: Problems) -> tuple[Part, ...] | None:
    """Read one target or a list of them; None where one cannot be read."""
    targets = tuple(part.items) if isinstance(part.value, list) else (part,)
    if not targets:
        problems.add(
            f"{where}: found an empty list, wants at least one target", part.place, 'write "drop" to end here on purpose'
        )
        return None
    names: set[str] = set()
    for target in targets:
        if not target.is_scalar or not target.text or target.value is None:
            what = f"{where}: found {describe(target.value)}, wants the name of a node, of an output, or drop"
            problems.add(what, target.place)
            return None
        if target.text in names:
            what = f"{where}: {quote(target.text)} stands twice, and would get every line twice"
            problems.add(what, target.place, "take one out")
            return None
        names.add(target.text)
    if DROP in names and len(names) > 1:
        place = next(target.place for target in targets if target.text == DROP)
        problems.add(f"{where}: {quote(DROP)} stands beside other targets, where it does nothing", place, "take it out")
        return None
    return targets

"""Check that the routes make a graph that lines can go through, and put its nodes in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush

from linemill.pipeline.graph import DROP
from linemill.pipeline.part import Part, Place
from linemill.pipeline.problems import Problems
from linemill.pipeline.routes import Routes
from linemill.pipeline.spec import Form
from linemill.pipeline.wording import describe, listing, nearest, quote

Successors = dict[str, dict[str, Place]]
"""For each node, in the file's order: the nodes and outputs that it sends lines to, and where the file says so."""


def entry_of(form: Form, problems: Problems) -> str | None:
    """Tell which node the lines enter by; None where the file names none."""
    if form.start is None:
        return next(iter(form.nodes), None)
    if form.start.is_scalar and form.start.text in form.nodes:
        return form.start.text
    near = nearest(form.start.text, form.nodes) if form.start.is_scalar else None
    hint = f"did you mean {quote(near)}?" if near else _names(list(form.nodes))
    found = quote(form.start.text) if form.start.text else describe(form.start.value)
    problems.add(f"start: found {found}, wants the name of a node", form.start.place, hint)
    return None


def check_graph(form: Form, routes: Mapping[str, Routes | None], entry: str | None, problems: Problems) -> list[str]:
    """Check targets, circles and reach; mistakes are noted.

    Args:
        form: The nodes and outputs.
        routes: For every node its routes; None where they could not be read.
        entry: The node that lines enter by; None where the file names none.

    Returns:
        The nodes in topological order, ties in the file's order; of no use if a mistake was noted.
    """
    if form.nodes.keys() & form.outputs.keys():
        # A name that means two things was noted already; every route to it would be noted once more here.
        return []
    successors = {name: _successors(form, name, of_node, problems) for name, of_node in routes.items()}
    order = _topological(successors)
    _check_circles(successors, order, problems)
    # Where routes are unreadable, what they do not reach means nothing.
    if entry is not None and None not in routes.values():
        _check_reach(form, successors, entry, problems)
    return order


def _successors(form: Form, node: str, routes: Routes | None, problems: Problems) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for tag, targets in (routes or {}).items():
        for target in targets:
            if target.text == DROP:
                continue
            name = (
                target.text
                if target.text in form.nodes or target.text in form.outputs
                else _meant(form, node, tag, target, problems)
            )
            if name is not None:
                found.setdefault(name, target.place)
    return found


def _names(names: list[str]) -> str:
    """List names to choose from, unless they are too many to be read."""
    return f"there are {listing(names, 'and')}" if 1 < len(names) <= 12 else ""


def _meant(form: Form, node: str, tag: str, target: Part, problems: Problems) -> str | None:
    """Note an unknown target; give the nearest name, so that it does not look unreached as well."""
    names = [*form.nodes, *form.outputs, DROP]
    near = nearest(target.text, [name for name in names if name != node])
    hint = f"did you mean {quote(near)}?" if near else _names(names)
    problems.add(f"nodes.{node}.to: {quote(target.text)} is neither a node nor an output", target.place, hint)
    return None if near == DROP else near


def _topological(successors: Successors) -> list[str]:
    """Order the nodes; those in or behind a circle are left out."""
    position = {name: number for number, name in enumerate(successors)}
    names = list(successors)
    missing = dict.fromkeys(names, 0)
    for targets in successors.values():
        for target in targets:
            if target in missing:
                missing[target] += 1
    ready = [position[name] for name in names if not missing[name]]
    heapify(ready)
    order: list[str] = []
    while ready:
        name = names[heappop(ready)]
        order.append(name)
        for target in successors[name]:
            if target in missing:
                missing[target] -= 1
                if not missing[target]:
                    heappush(ready, position[target])
    return order


def _check_circles(successors: Successors, order: Iterable[str], problems: Problems) -> None:
    """Note circles that have no node in common, each with its path."""
    done = set(order)
    left = {name: targets for name, targets in successors.items() if name not in done}
    while left := _without_ends(left):
        path = [next(iter(left))]
        while (following := next(target for target in left[path[-1]] if target in left)) not in path:
            path.append(following)
        circle = path[path.index(following) :]
        first = min(circle, key=list(successors).index)
        turn = circle.index(first)
        circle = circle[turn:] + circle[:turn]
        what = f"the routes go in a circle: {' → '.join([*circle, first])}"
        problems.add(what, successors[circle[-1]][first], "send these lines elsewhere: a line passes each node once")
        left = {name: targets for name, targets in left.items() if name not in circle}


def _without_ends(left: Successors) -> Successors:
    """Take out the nodes from which no way leads back into a circle."""
    backwards: Successors = {name: {} for name in left}
    for name, targets in left.items():
        for target, place in targets.items():
            if target in left:
                backwards[target][name] = place
    ends = set(_topological(backwards))
    return {name: targets for name, targets in left.items() if name not in ends}


def _check_reach(form: Form, successors: Successors, entry: str, problems: Problems) -> None:
    reached = {entry}
    ahead = [entry]
    while ahead:
        for target in successors.get(ahead.pop(), ()):
            if target not in reached:
                reached.add(target)
                ahead.append(target)
    for name, node in form.nodes.items():
        if name not in reached:
            what = f"{node.where}: no route leads here from the entry {quote(entry)}"
            problems.add(what, node.place, 'name it in the "to" of another node, or take it out')
    named = {target for targets in successors.values() for target in targets}
    for name, place in form.output_places.items():
        if name not in named:
            what = f"outputs.{name}: no route leads here"
            problems.add(what, place, 'name it in the "to" of a node, or take it out')

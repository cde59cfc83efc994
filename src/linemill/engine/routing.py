"""From what a node gave to what each of its targets gets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from linemill.engine.block import Block, copied, pick
from linemill.engine.emission import Emission
from linemill.engine.ledger import UNTAGGED
from linemill.errors import ProcessorFailed
from linemill.pipeline import ANY_TAG, DROP, Node


class Routed(NamedTuple):
    """A node's emission, laid before its targets.

    Attributes:
        blocks: By target, in the order of the routes; `DROP` among them.
        unrouted: Items whose tag has no route, as indices of the emission, with the tag.
    """

    blocks: dict[str, Block]
    unrouted: list[tuple[int, str]]


def route(node: Node, emission: Emission, wants_tags: Collection[str]) -> Routed:
    """Lay an emission before the node's targets, each item in the order in which it was given.

    Args:
        node: The node that gave it.
        emission: What it gave.
        wants_tags: Targets that are told the tag by which each item comes.

    Raises:
        ProcessorFailed: A record that goes two ways cannot be copied.
    """
    everything: Sequence[int] = range(len(emission.items))
    tagged = {UNTAGGED: everything} if emission.tagged is None else emission.tagged
    shares: dict[str, list[tuple[str, Sequence[int]]]] = {}
    unrouted: list[tuple[int, str]] = []
    is_shared = sum(map(len, tagged.values())) > len(emission.items)
    indices: Sequence[int]
    for tag, indices in tagged.items():
        targets = node.routes.get(tag) or node.routes.get(ANY_TAG) or ()
        is_shared = is_shared or len(targets) > 1
        for target in targets:
            shares.setdefault(target, []).append((tag, indices))
        if not targets:
            unrouted += [(index, tag) for index in indices]
    blocks: dict[str, Block] = {}
    given: set[int] = set()
    for target, parts in shares.items():
        indices, tags = _together(parts, target in wants_tags)
        if indices == everything:
            items, numbers = emission.items, emission.numbers
        else:
            items, numbers = pick(emission.items, indices), pick(emission.numbers, indices)
        if is_shared and target != DROP:
            items = _own(node, items, indices, given)
        blocks[target] = Block(items, numbers, tags)
    return Routed(blocks, sorted(unrouted))


def _together(parts: list[tuple[str, Sequence[int]]], with_tags: bool) -> tuple[Sequence[int], list[str] | None]:
    """Put what goes to one target by several tags back into the order in which it was given."""
    if len(parts) == 1:
        tag, indices = parts[0]
        return indices, [tag] * len(indices) if with_tags else None
    pairs = sorted((index, place) for place, (_, indices) in enumerate(parts) for index in indices)
    return [index for index, _ in pairs], [parts[place][0] for _, place in pairs] if with_tags else None


def _own(node: Node, items: list[Any], indices: Sequence[int], given: set[int]) -> list[Any]:
    """Copy the records that another target has already got."""
    if set(map(type, items)) <= {str}:
        return items
    try:
        own = [copied(item) if index in given else item for index, item in zip(indices, items, strict=True)]
    except Exception as error:
        kinds = ", ".join(sorted({type(item).__name__ for item in items} - {"str"}))
        raise ProcessorFailed(
            f"gave a record ({kinds}) that goes two ways and cannot be copied: {type(error).__name__}: {error}",
            f"node {node.name!r}",
            "give plain dicts, lists, text and numbers where a route has several targets",
            code="not_copied",
        ) from error
    given.update(indices)
    return own

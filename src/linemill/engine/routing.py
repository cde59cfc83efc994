"""From what a node gave to what each of its targets gets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from linemill.engine.block import Block, Picked, copied, pick
from linemill.engine.emission import Emission, Share
from linemill.errors import ProcessorFailed
from linemill.pipeline import ANY_TAG, DROP, Node

Routed = tuple[dict[str, Block], Sequence[tuple[int, str, Any]]]
"""A block for each target, `DROP` among them; items whose tag has no route: line number, tag, item, in the order given."""


def route(node: Node, emission: Emission, wants_tags: Collection[str]) -> Routed:
    """Lay an emission before the node's targets, each item in the order in which it was given.

    Args:
        node: The node that gave it.
        emission: What it gave.
        wants_tags: Targets that are told the tag by which each item comes.

    Raises:
        ProcessorFailed: A record that goes two ways cannot be copied.
    """
    ways = node.routes
    blocks: dict[str, Block] = {}
    if not emission.is_doubled:
        for tag, share in emission.shares.items():
            targets = ways.get(tag) or ways.get(ANY_TAG) or ()
            if len(targets) != 1 or targets[0] in blocks:
                break
            blocks[targets[0]] = _alone(tag, share, emission.numbers, targets[0] in wants_tags)
        else:  # each tag goes a way of its own: nothing is to be put together, or to be copied
            return blocks, ()
    return _put_together(node, emission, wants_tags)


def _put_together(node: Node, emission: Emission, wants_tags: Collection[str]) -> Routed:
    parts: dict[str, list[tuple[str, Share]]] = {}
    lost: list[tuple[int, str, Any]] = []
    is_shared = emission.is_doubled
    for tag, share in emission.shares.items():
        targets = node.routes.get(tag) or node.routes.get(ANY_TAG) or ()
        is_shared = is_shared or len(targets) > 1
        for target in targets:
            parts.setdefault(target, []).append((tag, share))
        if not targets:
            lost += [(index, tag, item) for index, item in zip(share.indices, share.items, strict=True)]
    blocks: dict[str, Block] = {}
    given: set[int] = set()
    for target, shares in parts.items():
        block = _together(shares, emission.numbers, target in wants_tags)
        if is_shared and target != DROP and not set(map(type, block.items)) <= {str}:
            block = block._replace(items=_own(node, block.items, given))
        blocks[target] = block
    lost.sort(key=lambda one: one[0])
    return blocks, [(emission.numbers[index], tag, item) for index, tag, item in lost]


def _alone(tag: str, share: Share, numbers: Sequence[int], with_tags: bool) -> Block:
    count = len(share.items)
    own = numbers if count == len(numbers) else Picked(numbers, lambda: share.indices, count)
    return Block(share.items, own, [tag] * count if with_tags else None)


def _together(shares: list[tuple[str, Share]], numbers: Sequence[int], with_tags: bool) -> Block:
    """Put what goes to one target by several tags back into the order in which it was given."""
    if len(shares) == 1:
        tag, share = shares[0]
        return _alone(tag, share, numbers, with_tags)
    places = [(index, tag, item) for tag, share in shares for index, item in zip(share.indices, share.items, strict=True)]
    places.sort(key=lambda place: place[0])
    indices = [index for index, _, _ in places]
    items = [item for _, _, item in places]
    return Block(items, pick(numbers, indices), [tag for _, tag, _ in places] if with_tags else None)


def _own(node: Node, items: list[Any], given: set[int]) -> list[Any]:
    """Copy the records that have been sent before; `given` holds the identity of each that was."""
    own: list[Any] = []
    try:
        for item in items:
            own.append(copied(item) if id(item) in given else item)
            given.add(id(item))
    except Exception as error:
        kinds = ", ".join(sorted({type(item).__name__ for item in items} - {"str"}))
        raise ProcessorFailed(
            f"gave a record ({kinds}) that goes two ways and cannot be copied: {type(error).__name__}: {error}",
            f"node {node.name!r}",
            "give plain dicts, lists, text and numbers where a route has several targets",
            code="not_copied",
        ) from error
    return own

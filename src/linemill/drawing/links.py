"""What every drawing shows: which place leads to which, and by which tags."""

from __future__ import annotations

from dataclasses import dataclass

from linemill.pipeline import ANY_TAG, Node


@dataclass(frozen=True, slots=True)
class Link:
    """A way out of a node.

    Attributes:
        target: A node, an output or `drop`.
        tags: The tags that go there, in the file's order.
        label: The tags in words; empty where all lines go there.
    """

    target: str
    tags: tuple[str, ...]
    label: str


def links(node: Node) -> list[Link]:
    """Gather the ways out of a node, one for each target, in the order in which the file names the targets."""
    by_target: dict[str, list[str]] = {}
    for tag, targets in node.routes.items():
        for target in targets:
            by_target.setdefault(target, []).append(tag)
    is_all = set(node.routes) == {ANY_TAG}
    return [
        Link(target, tuple(tags), "" if is_all else ", ".join("all others" if tag == ANY_TAG else tag for tag in tags))
        for target, tags in by_target.items()
    ]


def kind(node: Node) -> str:
    """Name the shape of a node's processor: its mode, and whether a stream is given tags."""
    return "tagged stream" if node.is_tagged else node.mode.value

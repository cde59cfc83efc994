"""What every drawing shows: which place leads to which, and by which tags."""

from __future__ import annotations

from dataclasses import dataclass

from linemill.pipeline import ANY_TAG, DROP, Node, Pipeline

START = "\0start"
"""Name of the box for the file in a picture; no node can have it."""


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


@dataclass(frozen=True, slots=True)
class Route:
    """An arrow of a picture.

    Attributes:
        source: The node; `START` for the way into the pipeline.
        box: Name of the box that it leads to: each node that drops lines has a drop of its own, since one for all would
            draw arrows across everything.
        link: What goes there.
    """

    source: str
    box: str
    link: Link

    @property
    def is_drop(self) -> bool:
        """Whether lines end there on purpose."""
        return self.link.target == DROP


def routes(pipeline: Pipeline) -> list[Route]:
    """Gather all arrows of a picture, the one into the pipeline first."""
    found = [Route(START, pipeline.entry, Link(pipeline.entry, (), ""))]
    for node in pipeline.nodes:
        for link in links(node):
            box = f"\0drop\0{node.name}" if link.target == DROP else link.target
            found.append(Route(node.name, box, link))
    return found


def kind(node: Node) -> str:
    """Name the shape of a node's processor: its mode, and whether a stream is given tags."""
    return "tagged stream" if node.is_tagged else node.mode.value

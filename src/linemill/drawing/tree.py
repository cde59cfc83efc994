"""A pipeline as a tree of text, for terminals."""

from __future__ import annotations

from linemill.drawing.links import kind, links
from linemill.files.names import harmless
from linemill.pipeline import DROP, Pipeline


def text(pipeline: Pipeline) -> str:
    """Draw the pipeline as a tree: a node that several routes lead to is drawn once, and named afterwards."""
    nodes = {node.name: node for node in pipeline.nodes}
    outputs = {output.name: output for output in pipeline.outputs}
    drawn: set[str] = set()
    rows = [harmless(pipeline.name)]

    def draw(place: str, label: str, before: str, is_last: bool) -> None:
        arrow = f" {harmless(label)} → " if label else "→ "
        rows.append(f"{before}{'└─' if is_last else '├─'}{arrow}{said(place)}")
        if place not in nodes or place in drawn:
            return
        drawn.add(place)
        ways = links(nodes[place])
        for way in ways:
            draw(way.target, way.label, before + ("   " if is_last else "│  "), way is ways[-1])

    def said(place: str) -> str:
        if place == DROP:
            return "dropped"
        if place in outputs:
            return f"output {harmless(place)}: {harmless(outputs[place].path)}"
        if place in drawn:
            return f"{harmless(place)} (above)"
        node = nodes[place]
        return f"{harmless(place)}: {harmless(node.use)} ({kind(node)})"

    draw(pipeline.entry, "", "", True)
    return "\n".join(rows) + "\n"

"""A pipeline as a Mermaid flow chart, for Markdown."""

from __future__ import annotations

from linemill.drawing.links import kind, links
from linemill.files.names import harmless
from linemill.pipeline import DROP, Pipeline


def mermaid(pipeline: Pipeline) -> str:
    """Draw the pipeline as a Mermaid flow chart.

    Names are shown as labels only: what Mermaid sees as identifiers are numbers of ours, so no name can break the drawing.
    """
    ids = {node.name: f"node{number}" for number, node in enumerate(pipeline.nodes, 1)}
    ids |= {output.name: f"output{number}" for number, output in enumerate(pipeline.outputs, 1)}
    rows = ["flowchart LR", f'  file(["a file"]) --> {ids[pipeline.entry]}']
    rows += [
        f'  {ids[node.name]}["<b>{_quoted(node.name)}</b><br>{_quoted(node.use)}<br>{kind(node)}"]' for node in pipeline.nodes
    ]
    rows += [f'  {ids[output.name]}[/"<b>{_quoted(output.name)}</b><br>{_quoted(output.path)}"/]' for output in pipeline.outputs]
    for number, node in enumerate(pipeline.nodes, 1):
        for way in links(node):
            label = f'|"{_quoted(way.label)}"|' if way.label else ""
            # Every node that drops lines has a drop of its own: one for all would draw arrows across everything.
            target = f'drop{number}(["dropped"])' if way.target == DROP else ids[way.target]
            rows.append(f"  {ids[node.name]} -->{label} {target}")
    return "\n".join(rows) + "\n"


def _quoted(text: str) -> str:
    """Escape text for a quoted label, in which Mermaid reads HTML, and `#35;` as a character."""
    return "".join(f"#{ord(char)};" if char in '#&<>`"' else char for char in harmless(text))

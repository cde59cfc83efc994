"""`linemill check`: is the pipeline right?"""

from __future__ import annotations

from linemill.cli.exits import Exit
from linemill.cli.opening import PipelineOption, opened
from linemill.cli.wording import count, near, visible


def check(pipeline: PipelineOption = None) -> Exit:
    """Check a pipeline file and everything that it names.

    Runs nothing. Prints its nodes and outputs if all is well. Otherwise prints every mistake with its place in the file, and
    exits with 2.
    """
    from linemill.drawing.links import kind

    checked = opened(pipeline)
    print(f"{near(checked.path)} is right: {count(len(checked.nodes), 'node')}, {count(len(checked.outputs), 'output')}")
    rows = [(node.name, kind(node), node.use) for node in checked.nodes]
    rows += [(output.name, "output", output.path) for output in checked.outputs]
    name_width = max(len(visible(name)) for name, _, _ in rows)
    shape_width = max(len(shape) for _, shape, _ in rows)
    for name, shape, what in rows:
        print(f"  {visible(name):{name_width}}  {shape:{shape_width}}  {visible(what)}")
    holding = [visible(node.name) for node in checked.nodes if not node.is_splittable]
    if holding:
        print(f"A large file is worked from end to end: {', '.join(holding)} may hold state from line to line.")
    else:
        print("A large file may be cut into parts: no node holds state from line to line.")
    return Exit.DONE

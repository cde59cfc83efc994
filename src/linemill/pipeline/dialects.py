"""Turn the shorthand forms of a pipeline file into the long form, keeping the place of every part.

* A chain, `pipeline: [{type: a.b.c, config: {...}}, ...]`: each goes to the next, the last to the only output.
* A tagged list, `nodes: [{tag: start, type: a.b.c}, ...]`: a tag that a node emits names a later node, an output, or `end`.

Without `outputs:`, both write `out/{name}`.
"""

from __future__ import annotations

from linemill.pipeline import values
from linemill.pipeline.graph import ANY_TAG, DROP, START_TAG
from linemill.pipeline.part import Entry, Part, Place, entry, text_part
from linemill.pipeline.problems import Problems, Stop
from linemill.pipeline.spec import MAX_NODES, NODE, read_value
from linemill.pipeline.wording import allowed, describe, did_you_mean, listing, nearest, quote

DEFAULT_OUTPUT = "output"
DEFAULT_PATH = "out/{name}"
END_TAG = "end"
"""In a tagged list: the tag by which a line leaves."""

_SYNONYMS = {"type": "use", "config": "with"}
_OPTIONS = [key for key in NODE if key not in ("use", "with", "to")]


def to_long_form(root: Part, problems: Problems) -> Part:
    """Give the file in its long form; mistakes that only a shorthand can have are noted.

    Raises:
        Stop: The file is no mapping, or mixes two forms.
    """
    if not isinstance(root.value, dict):
        hint = f"begin with keys such as {listing(('name', 'nodes', 'outputs'), 'and')}"
        raise problems.stop(f"found {describe(root.value)}, wants a mapping at the top of the file", root.place, hint)
    chain = root.entries.get("pipeline")
    nodes = root.entries.get("nodes")
    if chain and nodes:
        what = f'"pipeline" and "nodes" (line {nodes.key.place.line}) both say which nodes there are'
        raise problems.stop(what, chain.key.place, "keep one of them")
    shorthand = chain or nodes
    if shorthand is None or not (chain or isinstance(shorthand.part.value, list)):
        return root
    if not isinstance(shorthand.part.value, list):
        raise problems.stop(f"pipeline: found {describe(shorthand.part.value)}, wants a list of processors", shorthand.part.place)
    if not shorthand.part.items:
        raise problems.stop(f"{quote(shorthand.key.text)} is empty: a pipeline has at least one node", shorthand.part.place)
    if len(shorthand.part.items) > MAX_NODES:
        raise problems.stop(f"there are more than {MAX_NODES} nodes", shorthand.part.place)
    rest = {key: kept for key, kept in root.entries.items() if kept is not shorthand}
    if "outputs" not in rest:
        place = shorthand.key.place
        rest["outputs"] = entry("outputs", _mapping(place, entry(DEFAULT_OUTPUT, text_part(DEFAULT_PATH, place))))
    outputs = rest["outputs"].part.entries
    if chain:
        made = _chain(shorthand.part, rest["outputs"], problems)
    else:
        made = _tagged(shorthand.part, outputs, problems)
        if "start" not in rest and START_TAG in made.entries:
            rest["start"] = entry("start", text_part(START_TAG, made.entries[START_TAG].key.place))
    if not made.entries:
        raise Stop("none of the items could be read, as was noted")
    rest["nodes"] = Entry(text_part("nodes", shorthand.key.place), made)
    return Part(rest, root.place)


def _chain(part: Part, outputs_entry: Entry, problems: Problems) -> Part:
    """Make a straight chain to the only output."""
    outputs = outputs_entry.part.entries
    if isinstance(outputs_entry.part.value, dict) and not outputs:
        problems.add("outputs: found an empty mapping, and a straight chain ends in an output", outputs_entry.part.place)
    if len(outputs) > 1:
        what = f'"pipeline" is a straight chain with one output, and there are {len(outputs)}: {listing(outputs, "and")}'
        problems.add(what, outputs_entry.key.place, 'use "nodes", where each says with "to" where its lines go')
    nodes: dict[str, Entry] = {}
    for number, item in enumerate(part.items, start=1):
        read = _read_item(item, f"pipeline item {number}", [], problems)
        if read is not None:
            name = _free_name(read["use"].part.text, nodes, outputs)
            nodes[name] = Entry(text_part(name, item.place), Part(read, item.place))
    last = [text_part(name, part.place) for name in outputs or [DROP]]
    targets = [*(text_part(name, part.place) for name in list(nodes)[1:]), Part(last, part.place)]
    for made, target in zip(nodes.values(), targets, strict=False):
        made.part.entries["to"] = entry("to", target)
    return Part(nodes, part.place)


def _free_name(use: str, nodes: dict[str, Entry], outputs: dict[str, Entry]) -> str:
    base = use.replace(":", ".").rpartition(".")[2] or "node"
    name, number = base, 1
    while name in nodes or name in outputs or name == DROP:
        number += 1
        name = f"{base}-{number}"
    return name


def _tagged(part: Part, outputs: dict[str, Entry], problems: Problems) -> Part:
    """Make nodes whose tags name a later node, an output or the end."""
    nodes: dict[str, Entry] = {}
    for number, item in enumerate(part.items, start=1):
        where = f"nodes item {number}"
        read = _read_item(item, where, ["tag"], problems)
        if read is None:
            continue
        tag = read.pop("tag", None)
        if tag is None:
            problems.add(f'{where}: "tag" is missing', item.place, "name the node: tag: start")
            continue
        name = tag.part.text
        if read_value(tag.part, f"{where}.tag", values.text, problems) is None:
            continue
        if name == END_TAG:
            problems.add(
                f"{where}: the tag {quote(END_TAG)} is the way out and cannot be a node",
                tag.part.place,
                "name the node otherwise",
            )
        elif name in nodes:
            what = f"{where}: the tag {quote(name)} names a node already, in line {nodes[name].key.place.line}"
            problems.add(what, tag.part.place, "give each node a tag of its own")
        else:
            nodes[name] = Entry(tag.part, Part(read, item.place))
    end = END_TAG if END_TAG in outputs else next(iter(outputs)) if len(outputs) == 1 else None
    ways_out = {name: name for name in outputs if name != ANY_TAG} | ({END_TAG: end} if end else {})
    routes = {tag: entry(tag, text_part(target, part.place)) for tag, target in ways_out.items()}
    for name in reversed(nodes):
        node = nodes[name].part
        node.entries["to"] = entry("to", Part(dict(routes), node.place))
        if name != ANY_TAG:
            routes = {name: entry(name, text_part(name, node.place))} | routes
    return Part(nodes, part.place)


def _read_item(item: Part, where: str, own_keys: list[str], problems: Problems) -> dict[str, Entry] | None:
    """Read one item of a list under the names of the long form; None if it has no processor."""
    if not isinstance(item.value, dict):
        problems.add(
            f"{where}: found {describe(item.value)}, wants a mapping with type", item.place, "such as {type: package.module.name}"
        )
        return None
    keys = [*own_keys, *_SYNONYMS, *_SYNONYMS.values(), *_OPTIONS]
    read: dict[str, Entry] = {}
    for key, found in item.entries.items():
        long_key = _SYNONYMS.get(key, key)
        if key not in keys:
            what = f"{where}: unknown key {quote(key)}, {allowed(keys)}"
            problems.add(what, found.key.place, did_you_mean(key, keys))
        elif long_key in read:
            what = f"{where}: {quote(key)} and {quote(read[long_key].key.text)} say the same"
            problems.add(what, found.key.place, "keep one of them")
        else:
            read[long_key] = found
    if "use" not in read:
        if all(nearest(key, keys) not in ("type", "use") for key in item.entries if key not in keys):
            problems.add(f'{where}: "type" is missing', item.place, "name a processor: type: package.module.name")
        return None
    return read


def _mapping(place: Place, *entries: Entry) -> Part:
    return Part({made.key.text: made for made in entries}, place)

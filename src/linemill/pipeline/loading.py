"""Load a pipeline: the file, its modules and processors, checked as a whole, with every mistake told at once."""

from __future__ import annotations

import builtins
import os
from pathlib import Path
from typing import Any

from linemill.errors import ConfigurationError
from linemill.pipeline.dialects import to_long_form
from linemill.pipeline.graph import Node, Pipeline, Retry
from linemill.pipeline.imports import Importer, Unusable
from linemill.pipeline.modules import Modules, forget
from linemill.pipeline.order import check_graph, entry_of
from linemill.pipeline.part import Part
from linemill.pipeline.problems import Problems, Stop
from linemill.pipeline.processors import Processor, read_processor
from linemill.pipeline.routes import Routes, read_routes
from linemill.pipeline.source import read_text
from linemill.pipeline.spec import Form, NodeForm, read_form
from linemill.pipeline.wording import did_you_mean, quote
from linemill.pipeline.yaml import parse


def load_pipeline(path: Path) -> Pipeline:
    """Load and check a pipeline file; see `linemill.pipeline.load`."""
    problems = Problems()
    whole = Path(os.path.abspath(path))
    try:
        text = read_text(path, problems)
        form = read_form(to_long_form(parse(text, problems), problems), whole.parent, problems)
    except Stop:
        raise ConfigurationError(str(path), problems.sorted()) from None
    routes = {name: read_routes(node, problems) for name, node in form.nodes.items()}
    entry = entry_of(form, problems)
    order = check_graph(form, routes, entry, problems)
    modules = Modules(whole.parent)
    try:
        nodes = _read_nodes(form, routes, modules, problems)
        if problems or entry is None:
            raise ConfigurationError(str(path), problems.sorted())
    except BaseException:
        forget(modules.root)
        raise
    return Pipeline(
        name=form.name or whole.parent.name or "pipeline",
        path=whole,
        text=text,
        nodes=tuple(nodes[name] for name in order),
        entry=entry,
        outputs=tuple(form.outputs.values()),
        input=form.input,
        budget=form.budget,
        watch=form.watch,
        sources=modules.sources(),
        tries=form.tries,
        workers=form.workers,
        history=form.history,
        upload=form.upload,
        root=modules.root,
    )


def _read_nodes(form: Form, routes: dict[str, Routes | None], modules: Modules, problems: Problems) -> dict[str, Node]:
    """Make the nodes that are right; what is wrong with the others is noted."""
    importer = Importer(modules)
    nodes: dict[str, Node] = {}
    for name, node in form.nodes.items():
        processor = read_processor(node, importer, problems)
        retry = _read_retry(node, importer, problems)
        of_node = routes[name]
        if processor is not None and of_node is not None:
            nodes[name] = _node(node, processor, of_node, retry)
    return nodes


def _node(node: NodeForm, processor: Processor, routes: Routes, retry: Retry | None) -> Node:
    given: dict[str, Any] = {key: node.given[key] for key in ("on_error", "max_yield", "concurrency") if key in node.given}
    return Node(
        name=node.name,
        use=node.given["use"],
        settings={key: entry.part.plain() for key, entry in node.settings.items()},
        mode=processor.shape.mode,
        is_tagged=processor.shape.is_tagged,
        is_splittable=processor.is_splittable,
        build=processor.build,
        routes={tag: tuple(target.text for target in targets) for tag, targets in routes.items()},
        line_timeout_s=node.given.get("line_timeout"),
        retry=retry,
        line=node.place.line,
        column=node.place.column,
        **given,
    )


def _read_retry(node: NodeForm, importer: Importer, problems: Problems) -> Retry | None:
    if node.retry is None:
        return None
    found = [_read_exception(part, f"{node.where}.retry.on", importer, problems) for part in node.retry.on]
    return Retry(
        on=tuple(each for each in found if each is not None),
        attempts=node.retry.attempts,
        wait_s=node.retry.wait,
        wait_max_s=node.retry.wait_max,
    )


def _read_exception(part: Part, where: str, importer: Importer, problems: Problems) -> type[Exception] | None:
    """Find an exception class: a built-in one by its name, any other by its import path."""
    known = {name: value for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, Exception)}
    name: str = part.value
    if name.isidentifier():
        if name not in known:
            hint = did_you_mean(name, known) or "write others as package.module:name"
            problems.add(f"{where}: {quote(name)} is no built-in exception", part.place, hint)
        return known.get(name)
    try:
        found = importer.find(name)
    except Unusable as unusable:
        problems.add(f"{where}: {unusable.what}", part.place, unusable.hint)
        return None
    if isinstance(found, type) and issubclass(found, Exception):
        return found
    problems.add(f"{where}: {quote(name)} is no exception class", part.place)
    return None

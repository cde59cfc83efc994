"""The pipeline, its nodes and its versions."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from linemill.catalog.rows import VersionRow
from linemill.files import shown
from linemill.pipeline import Node, Pipeline
from linemill.web.documents.differences import cut, differences
from linemill.web.documents.secrets import masked, masked_text
from linemill.web.documents.texts import said, value
from linemill.web.models import NodeInfo, OutputInfo, PipelineInfo, VersionItem, VersionPage
from linemill.web.site import Site

FILE = "pipeline.yaml"
"""What the text of a pipeline file is called among the differences, whatever its name is now."""


def pipeline_info(site: Site, *, after: str | None, limit: int) -> PipelineInfo:
    """Say the pipeline as it is used now, and its versions.

    Raises:
        UsageError: The cursor is none of ours.
    """
    pipeline = site.pipeline()
    page = site.history.versions(after=after, limit=limit)
    current = site.history.current_version()
    return PipelineInfo(
        name=shown(pipeline.name),
        path=shown(pipeline.path),
        entry=pipeline.entry,
        nodes=tuple(node_info(pipeline, node) for node in pipeline.nodes),
        outputs=tuple(
            OutputInfo(name=output.name, path=shown(output.path), is_growing=output.is_growing) for output in pipeline.outputs
        ),
        text=cut(masked_text(pipeline.text)),
        versions=tuple(version_item(row, current) for row in page.rows),
        after=page.after,
    )


def node_info(pipeline: Pipeline, node: Node) -> NodeInfo:
    """Say a node; settings that look like secrets are not told."""
    return NodeInfo(
        name=node.name,
        use=said(node.use),
        mode=node.mode.value,
        settings=value(masked(node.settings)),
        routes={said(tag): targets for tag, targets in node.routes.items()},
        on_error=node.on_error.value,
        line_timeout_s=node.line_timeout_s,
        doc=said(_doc(pipeline, node)),
    )


def version_item(row: VersionRow, current: VersionRow | None) -> VersionItem:
    """Say a version of the pipeline."""
    is_current = current is not None and current.id == row.id
    return VersionItem(id=row.id, digest=row.digest, loaded_at=row.loaded_at, is_current=is_current)


def version_page(site: Site, row: VersionRow, against: VersionRow | None) -> VersionPage:
    """Say a version, and what makes it another than one that it is held against."""
    current = site.history.current_version()
    texts = _texts(site, row)
    before = _texts(site, against) if against is not None else None
    return VersionPage(
        version=version_item(row, current),
        against=version_item(against, current) if against is not None else None,
        text=cut(texts[FILE]),
        sources={said(path): cut(text) for path, text in texts.items() if path != FILE},
        differences=differences(before, texts) if before is not None else (),
    )


def _texts(site: Site, row: VersionRow) -> dict[str, str]:
    """Give the texts of a version by path, the pipeline file's first."""
    found = site.history.version_text(row.id)
    text, sources = found if found is not None else ("", {})
    return {FILE: masked_text(text), **{path: source for path, source in sources.items() if path != FILE}}


def _doc(pipeline: Pipeline, node: Node) -> str:
    """Give the first line of a processor's docstring, from what is imported already: nothing of the user's is called."""
    module, _, names = node.use.partition(":")
    if not names:
        module, _, names = node.use.rpartition(".")
    found: Any = sys.modules.get(f"{pipeline.root}.{module}") or sys.modules.get(module)
    for name in names.split("."):
        found = inspect.getattr_static(found, name, None)
    doc = found.__doc__ if inspect.isfunction(found) or inspect.isclass(found) else None
    return doc.strip().partition("\n")[0] if isinstance(doc, str) else ""

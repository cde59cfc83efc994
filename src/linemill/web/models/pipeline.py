"""The pipeline, its nodes and its versions."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from linemill.web.models.answer import Answer
from linemill.web.models.letters import LetterGroup
from linemill.web.models.stats import NodeNow, NodePoint, Window
from linemill.web.models.traces import TracedLine


class NodeInfo(Answer):
    """A node of the pipeline."""

    name: str
    use: str = Field(description="The import path of its processor.")
    mode: str
    settings: dict[str, Any]
    routes: dict[str, tuple[str, ...]] = Field(description="Tag, or `*`, to targets.")
    on_error: str
    line_timeout_s: float | None
    doc: str = Field("", description="The first line of the processor's docstring.")


class OutputInfo(Answer):
    """An output of the pipeline."""

    name: str
    path: str
    is_growing: bool


class VersionItem(Answer):
    """A version of the pipeline."""

    id: int
    digest: str
    loaded_at: float
    is_current: bool = False


class PipelineInfo(Answer):
    """`GET /pipeline`."""

    name: str
    path: str
    entry: str
    nodes: tuple[NodeInfo, ...]
    outputs: tuple[OutputInfo, ...]
    text: str
    versions: tuple[VersionItem, ...]
    after: str | None


class NodePage(Answer):
    """`GET /pipeline/nodes/{name}`."""

    node: NodeInfo
    now: NodeNow
    window: Window = "1h"
    points: tuple[NodePoint, ...]
    groups: tuple[LetterGroup, ...]
    traces: tuple[TracedLine, ...]


class Difference(Answer):
    """What changed in one text from one version to another."""

    path: str = Field(description="`pipeline.yaml`, or the module.")
    lines: tuple[str, ...] = Field(description="As `diff -u` has them, with the sign in front.")


class VersionPage(Answer):
    """`GET /pipeline/versions/{id}`."""

    version: VersionItem
    against: VersionItem | None = Field(description="The version that it is held against: the one before, if none is named.")
    text: str
    sources: dict[str, str]
    differences: tuple[Difference, ...]

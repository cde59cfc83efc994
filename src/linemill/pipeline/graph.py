"""A checked pipeline: frozen values that loading makes and everything else reads.

Names of nodes and outputs share one space, so a route's target is one name. `DROP` is the target to end in on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

DROP = "drop"
"""The target for lines that end here on purpose."""

ANY_TAG = "*"
"""In a route: every tag that is not named, and lines without a tag."""

START_TAG = "start"
"""The tag by which the lines of the file come to the entry node (seen only by tagged streams)."""


class Mode(StrEnum):
    """How a processor is called."""

    LINE = "line"
    BATCH = "batch"
    ASYNC = "async"
    STREAM = "stream"


class OnError(StrEnum):
    """What happens when a stream raises."""

    FAIL = "fail"
    RESTART = "restart"


class After(StrEnum):
    """What becomes of an input that is done."""

    MOVE = "move"
    KEEP = "keep"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Retry:
    """Calls to the outside that are tried again.

    Attributes:
        on: Exception classes that are worth another try.
        attempts: Calls at most, the first included.
        wait_s: Wait before the second call, in seconds; doubles, with jitter, up to `wait_max_s`.
        wait_max_s: Longest wait between two calls, in seconds.
    """

    on: tuple[type[Exception], ...]
    attempts: int = 4
    wait_s: float = 0.1
    wait_max_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Node:
    """A named place in the graph: a processor with its settings.

    Attributes:
        name: Its name in the pipeline file.
        use: The import path as written.
        settings: What `with:` said.
        mode: How the processor is called.
        is_tagged: A stream that takes `(tag, item)` pairs.
        is_splittable: Holds no state over lines, so a large file may be cut into spans.
        build: Makes the callable for one attempt: a new object for classes and factories, the function itself otherwise.
        routes: Tag (or `ANY_TAG`) to target names, each a node, an output or `DROP`.
        on_error: What happens when a stream raises.
        line_timeout_s: Longest time that a processor may stay on one line, in seconds; None for no limit.
        max_yield: How many items one line may give.
        concurrency: For async processors: how many lines at a time.
        retry: Calls that are tried again; None for none.
        line: Line of the node in the pipeline file, from 1.
        column: Column of the node there, from 1.
    """

    name: str
    use: str
    settings: Mapping[str, Any]
    mode: Mode
    is_tagged: bool
    is_splittable: bool
    build: Callable[[], Callable[..., Any]]
    routes: Mapping[str, tuple[str, ...]]
    on_error: OnError = OnError.FAIL
    line_timeout_s: float | None = None
    max_yield: int = 10_000
    concurrency: int = 64
    retry: Retry | None = None
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """Where lines leave.

    Attributes:
        name: Its name in the pipeline file.
        path: The template as written: `{name}`, `{stem}` and `{date}` are filled in for each file.
    """

    name: str
    path: str

    @property
    def is_growing(self) -> bool:
        """Whether all files share one output file (no `{name}` and no `{stem}` in the path)."""
        return "{name}" not in self.path and "{stem}" not in self.path


@dataclass(frozen=True, slots=True)
class InputSettings:
    """How files are read.

    Attributes:
        encoding: A codec name, or None: UTF-8, unless a byte-order mark says UTF-16.
        max_line: Longest line, in bytes; a longer one is a dead letter by reference.
        max_size: Largest decompressed size of an archive, in bytes.
    """

    encoding: str | None = None
    max_line: int = 16 * 2**20
    max_size: int = 100 * 2**30


@dataclass(frozen=True, slots=True)
class Budget:
    """How many dead letters a file may have.

    Attributes:
        share: Share of the file's lines, 0 to 1.
        least: Dead letters that are always allowed.
    """

    share: float = 0.10
    least: int = 10

    def allows(self, dead: int, lines: int) -> bool:
        """Tell whether a file of so many lines may have so many dead letters."""
        return dead <= max(self.least, self.share * lines)


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """What the watcher looks at; paths are as written.

    Attributes:
        inbox: The folder in which files arrive.
        include: Patterns (`fnmatch`) of names to take; all, if empty.
        settle_s: How long size and time must hold still, in seconds, where the kernel cannot tell.
        after: What becomes of the input.
    """

    inbox: str = "inbox"
    include: tuple[str, ...] = ()
    settle_s: float = 1.0
    after: After = After.MOVE


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A whole pipeline, checked.

    Attributes:
        name: Its name; the folder's, if the file gives none.
        path: The pipeline file, absolute.
        text: The pipeline file as read.
        nodes: In topological order (a node stands after every node that it gets lines from), ties in the file's order.
        entry: The node that the lines of a file enter by.
        outputs: In the file's order; only those that a route leads to.
        input: How files are read.
        budget: How many dead letters a file may have.
        watch: What the watcher looks at.
        sources: Files of the processors' own modules, absolute, for telling versions apart.
    """

    name: str
    path: Path
    text: str
    nodes: tuple[Node, ...]
    entry: str
    outputs: tuple[Output, ...]
    input: InputSettings = field(default_factory=InputSettings)
    budget: Budget = field(default_factory=Budget)
    watch: WatchSettings = field(default_factory=WatchSettings)
    sources: tuple[Path, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder of the pipeline file: relative paths start here."""
        return self.path.parent

    @property
    def is_splittable(self) -> bool:
        """Whether a large file may be cut into spans: no node holds state over lines."""
        return all(node.is_splittable for node in self.nodes)

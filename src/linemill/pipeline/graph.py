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


DEAD_LETTERS = "dead letters"
"""What the file of dead letters is called among the outputs; no output may have the name."""


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
        share: Share of the file's lines, 0 to 1; 0 where a count was given.
        least: Dead letters that are allowed however short the file is.
    """

    share: float = 0.10
    least: int = 10

    def allows(self, dead: int, lines: int) -> bool:
        """Tell whether a file of so many lines may have so many dead letters.

        A share below 1 never allows as many as there are lines: `least` is there for a bad line or two in a short file,
        and not for a processor that is broken.
        """
        if 0 < self.share < 1 and dead >= lines > 0:
            return False
        return dead <= max(self.least, self.share * lines)


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a file is tried that failed for a reason which may pass.

    Attributes:
        attempts: Tries at most, the first included.
        backoff_s: Wait before the second try, in seconds; doubles from try to try, up to `LONGEST_BACKOFF_S`.
    """

    attempts: int = 4
    backoff_s: float = 2.0

    def wait_s(self, failed: int, random: Callable[[], float]) -> float:
        """Tell how long to wait before the next try, in seconds.

        Args:
            failed: Tries that failed so far, at least 1.
            random: Gives a number from 0 to 1. It takes up to half of the wait away, so that files which failed together
                do not come back together.
        """
        longest = min(self.backoff_s * 2.0 ** min(failed - 1, 64), LONGEST_BACKOFF_S)
        return longest * (1 - random() / 2)


LONGEST_BACKOFF_S = 300.0
"""A file that waits longer looks forgotten, and what passes by itself mostly does so within minutes."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """The processes that work on files.

    Attributes:
        count: How many; None for one a core.
        memory_limit: What each may take, in bytes; None for no limit.
        stall_timeout_s: How long one may work without getting on before it is killed, in seconds.
    """

    count: int | None = None
    memory_limit: int | None = None
    stall_timeout_s: float = 600.0


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """What is remembered of files that are done; what is past either bound is forgotten.

    Attributes:
        age_s: For how long, in seconds.
        files: Of how many.
    """

    age_s: float = 90 * 24 * 3600.0
    files: int = 1_000_000


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """What the watcher looks at, and where inputs go; paths are as written.

    Attributes:
        inbox: The folder in which files arrive.
        include: Patterns (`fnmatch`) of names to take; all, if empty.
        settle_s: How long size and time must hold still, in seconds, where the kernel cannot tell.
        after: What becomes of the input.
        processing: The folder of inputs that are being worked on.
        processed: The folder of inputs that are done.
        failed: The folder of inputs that failed.
        marker: What is added to a file's name for the name of the file that says it is complete; None for no such file.
        min_free: Space on the disk below which nothing new is begun, in bytes.
        stop_timeout_s: How long what is being worked on may take to end after a request to stop, in seconds.
    """

    inbox: str = "inbox"
    include: tuple[str, ...] = ()
    settle_s: float = 1.0
    after: After = After.MOVE
    processing: str = "processing"
    processed: str = "processed"
    failed: str = "failed"
    marker: str | None = None
    min_free: int = 100 * 2**20
    stop_timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class UploadSettings:
    """What may be sent to the inbox by the web.

    Attributes:
        max_size: Largest file, in bytes.
        quota: Most that may lie in the inbox with it, in bytes.
        suffixes: Ends of names to take, in lower case; all, if empty.
    """

    max_size: int = 2**30
    quota: int = 10 * 2**30
    suffixes: tuple[str, ...] = ()


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
        tries: How often a file is tried.
        workers: The processes that work on files.
        history: What is remembered.
        upload: What may be sent to the inbox.
        root: The package that stands for the folder of its modules, in this process.
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
    tries: Tries = field(default_factory=Tries)
    workers: WorkerSettings = field(default_factory=WorkerSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    upload: UploadSettings = field(default_factory=UploadSettings)
    root: str = field(default="", compare=False)

    @property
    def folder(self) -> Path:
        """The folder of the pipeline file: relative paths start here."""
        return self.path.parent

    @property
    def is_splittable(self) -> bool:
        """Whether a large file may be cut into spans: no node holds state over lines."""
        return all(node.is_splittable for node in self.nodes)

    @property
    def behind_streams(self) -> frozenset[str]:
        """Nodes that get what a stream gave: which line of the file it comes from, only the stream's author knows."""
        behind: set[str] = set()
        for node in self.nodes:
            if node.mode is Mode.STREAM or node.name in behind:
                behind.update(target for targets in node.routes.values() for target in targets)
        return frozenset(node.name for node in self.nodes if node.name in behind)

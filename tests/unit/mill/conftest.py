from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from linemill.catalog import Catalog
from linemill.catalog.records import Arrived, Claim, Commit, Kind, Origin
from linemill.executors.inline import InlineExecutor
from linemill.mill.course import Course
from linemill.mill.job import Job, Place
from linemill.mill.turns import Works
from linemill.pipeline import Pipeline, load, version_of

PASS = """\
nodes:
  keep: {use: "steps:keep", to: all}
outputs:
  all: out/{name}
"""

NOW = 1_000.0
DAY = "2025-03-01"


@pytest.fixture
def make_pipeline(tmp_path: Path) -> Callable[..., Pipeline]:
    """Load a pipeline of one step that lets every line pass, or does what is said."""

    def apply(steps: str = "def keep(line: str) -> str:\n    return line\n", text: str = PASS) -> Pipeline:
        (tmp_path / "pipeline.yaml").write_text(text)
        (tmp_path / "steps.py").write_text(steps)
        return load(tmp_path / "pipeline.yaml")

    return apply


@pytest.fixture
def make_claim(tmp_path: Path) -> Callable[..., Claim]:
    """A claim of a file with some bytes, that no catalog knows."""
    numbers = count(1)

    def apply(data: bytes = b"a\nb\n", name: str = "in", **others: Any) -> Claim:
        path = tmp_path / name
        path.write_bytes(data)
        number = next(numbers)
        claim = Claim(number, number, Origin.GIVEN, Kind.FIRST, name, name, path, path, len(data), 7, 0, DAY, 1, NOW - 1)
        return replace(claim, **others)

    return apply


@pytest.fixture
def worked() -> Callable[[Job, Pipeline], Job]:
    """Have all tasks of a job done."""

    def apply(job: Job, pipeline: Pipeline) -> Job:
        for folder in map(Path, job.folders()):
            folder.mkdir(parents=True, exist_ok=True)
        executor = InlineExecutor(pipeline, lambda: None)
        for task in job.tasks():
            job.take(task, executor.submit([task]).result()[0])
        return job

    return apply


class Yard:
    """A catalog and the folders around it, with what a mill does by hand."""

    def __init__(self, base: Path, catalog: Catalog) -> None:
        self.base = base
        self.catalog = catalog
        self.place = Place(base, catalog.tag, None, {})

    def version(self, pipeline: Pipeline) -> int:
        version = version_of(pipeline)
        return self.catalog.version(version.text, version.sources, NOW)

    def works(self, pipeline: Pipeline, **others: Any) -> Works:
        executor = others.pop("executor", None) or InlineExecutor(pipeline, lambda: None)
        return Works(pipeline, self.version(pipeline), executor, replace(self.place, **others))

    def given(self, pipeline: Pipeline, **files: bytes) -> list[Claim]:
        """Claim files that were named, made with these bytes."""
        return self._claim(pipeline, Origin.GIVEN, self.base, None, files)

    def arrived(self, pipeline: Pipeline, **files: bytes) -> list[Claim]:
        """Claim files from the inbox, made with these bytes, and move them to `processing/`."""
        claims = self._claim(pipeline, Origin.INBOX, self.base / "inbox", self.base / "processing", files)
        (self.base / "processing").mkdir(exist_ok=True)
        for claim in claims:
            assert claim.found is not None
            assert claim.place is not None
            claim.found.rename(claim.place)
        return claims

    def committed(self, pipeline: Pipeline, claims: list[Claim], worked: Callable[[Job, Pipeline], Job]) -> list[Commit]:
        """Work claims, and say what is to be committed."""
        commits = [worked(Job(claim, pipeline, self.place), pipeline).commit() for claim in claims]
        assert all(isinstance(commit, Commit) for commit in commits), commits
        return [commit for commit in commits if isinstance(commit, Commit)]

    def left(self) -> list[str]:
        """All files besides the catalog's and the pipeline's own."""
        own = {"pipeline.yaml", "steps.py"}
        found = (path.relative_to(self.base) for path in self.base.rglob("*") if not path.is_dir() or path.is_symlink())
        return sorted(str(path) for path in found if path.parts[0] != ".linemill" and path.name not in own)

    def _claim(
        self, pipeline: Pipeline, origin: Origin, folder: Path, place_in: Path | None, files: dict[str, bytes]
    ) -> list[Claim]:
        folder.mkdir(exist_ok=True)
        arrived = []
        for name, data in files.items():
            (folder / name).write_bytes(data)
            found = os.stat(folder / name)
            arrived.append(Arrived(folder / name, name, found.st_size, found.st_mtime_ns, NOW))
        options = {"origin": origin, "version_id": self.version(pipeline), "day": DAY, "now": NOW, "place_in": place_in}
        return self.catalog.claim(arrived, is_taken=lambda name: False, **options)  # type: ignore[arg-type]


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    with Catalog.open(tmp_path / ".linemill", "test") as catalog:
        yield Yard(tmp_path, catalog)


class Story:
    """A course with what it tells, in order."""

    def __init__(self, catalog: Catalog, *, in_order: bool) -> None:
        self.told: list[tuple[str, str]] = []
        self.reports: list[Any] = []
        self.failed: list[Any] = []
        self.course = Course(
            catalog, on_done=lambda: None, on_report=self._report, on_failed=self.failed.append, in_order=in_order
        )

    def run(self, now: float = NOW) -> None:
        """Work until nothing moves any more."""
        for _ in range(100):
            before = (self.course.queued_files, self.course.files)
            self.course.hand_out()
            self.course.settle(now)
            if (self.course.queued_files, self.course.files) == before:
                return
        raise AssertionError("it never comes to rest")

    def _report(self, claim: Claim, report: Any) -> None:
        self.told.append((claim.name, report.state.value))
        self.reports.append(report)


@pytest.fixture
def make_story(yard: Yard) -> Callable[..., Story]:
    return lambda *, in_order=False: Story(yard.catalog, in_order=in_order)

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from linemill.engine.ledger import Ledger, NodeCounts, OutputCounts
from linemill.mill.report import Failure, FileReport, Published, State
from linemill.pipeline import DEAD_LETTERS, Pipeline


@pytest.fixture
def make_report(tmp_path: Path) -> Callable[..., FileReport]:
    """A report on a file of 1,000 lines of which some were filtered, dropped and dead; or that failed."""

    def make(name: str = "app.log", failure: Failure | None = None, path: Path | None = None) -> FileReport:
        ledger = Ledger(
            lines=1000,
            too_long=1,
            nodes={
                "clean": NodeCounts(came=999, gave={"": 989}, sent={"level": 989}, filtered=10),
                "level": NodeCounts(
                    came=989,
                    gave={"error": 20, "debug": 9, "": 958, "odd": 2},
                    sent={"errors": 20, "drop": 9, "snake": 958},
                    unrouted=2,
                ),
                "audit": NodeCounts(),
                "snake": NodeCounts(came=958, gave={"": 955}, sent={"general": 955}, dead=3),
            },
            outputs={
                "errors": OutputCounts(came=20, lines=20, bytes=500),
                "warnings": OutputCounts(),
                "general": OutputCounts(came=955, lines=955, bytes=9000),
            },
        )
        published = (
            Published("errors", tmp_path / "out" / "errors" / name, 20, 500),
            Published("warnings", tmp_path / "out" / "warnings" / name, 0, 0),
            Published("general", tmp_path / "out" / "general" / name, 955, 9000),
            Published(DEAD_LETTERS, tmp_path / "dead" / f"{name}.jsonl", 6, 700),
        )
        return FileReport(
            name=name,
            path=path or Path(name),
            state=State.FAILED if failure else State.DONE,
            failure=failure,
            ledger=ledger,
            published=() if failure else published,
            bytes=12_000,
            seconds=0.5,
        )

    return make


@dataclass
class FakeMill:
    """Stands in for `linemill.mill.once.run`: remembers what it was asked, and does what it is told.

    Attributes:
        reports: What it reports, one after the other.
        asked: The arguments that it was given.
        error: Raised at the end, if set.
        before_end: Called with the stop event before it ends.
    """

    reports: list[FileReport] = field(default_factory=list)
    asked: dict[str, Any] = field(default_factory=dict)
    error: BaseException | None = None
    before_end: Callable[[threading.Event], None] | None = None

    def __call__(self, pipeline: Pipeline, inputs: list[Path | None], **others: Any) -> list[FileReport]:
        self.asked = {"inputs": inputs, **others}
        for report in self.reports:
            others["on_report"](report)
        if self.before_end:
            self.before_end(others["stop"])
        if self.error:
            raise self.error
        return list(self.reports)


@pytest.fixture
def mill(monkeypatch: pytest.MonkeyPatch, web_logs: Pipeline, tmp_path: Path) -> FakeMill:
    """A mill that runs nothing, and a current folder with a pipeline file that loads."""
    fake = FakeMill()
    monkeypatch.setattr("linemill.mill.once.run", fake)
    monkeypatch.setattr("linemill.pipeline.load", lambda path: web_logs, raising=False)
    (tmp_path / "pipeline.yaml").touch()
    monkeypatch.chdir(tmp_path)
    return fake


@pytest.fixture
def records(make_records: Callable[[Path], Any], mill: FakeMill, tmp_path: Path) -> Any:
    """The catalog of the pipeline in the current folder, in which nothing is."""
    return make_records(tmp_path / ".linemill")


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What commands see in the inbox: whatever a test puts here."""
    seen: list[Any] = []
    monkeypatch.setattr("linemill.mill.arrival.look", lambda pipeline, base, now, known: seen)
    return seen


@dataclass(frozen=True)
class Said:
    """What the command line answered."""

    code: int
    out: str
    err: str


@pytest.fixture
def linemill(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run the command line in this process."""
    from linemill.cli import main

    def say(*arguments: str) -> Said:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        captured = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Said(left.value.code, captured.out, captured.err)

    return say

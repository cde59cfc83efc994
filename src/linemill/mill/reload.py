"""Load the pipeline anew when its file, or the code of a processor, has changed; one that is wrong changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from linemill.mill.trial import Trial
from linemill.pipeline import Pipeline, Version, forget, load, version_of
from linemill.pipeline.problems import Problems, Stop
from linemill.pipeline.source import read_text

HELD_STILL_S = 0.2
"""Editors and `git checkout` write several files one after the other."""

MOST_ENTRIES = 10_000
"""Of the pipeline's folder, looked at for modules while the pipeline is wrong."""

_NOT_CODE = frozenset({"__pycache__", "dead", "node_modules", "venv"})

Facts = dict[Path, tuple[int, int, int] | None]
"""Time of the last change, size and inode by path; None for a file that is not there."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The pipeline as it is now."""

    pipeline: Pipeline
    version: Version


@dataclass(frozen=True, slots=True)
class Refused:
    """The pipeline is wrong as it is now, so the one before stays; in words, every mistake on a line of its own."""

    reason: str


class Reloader:
    """Looks after the files of a pipeline. Used from one thread; never waits.

    Args:
        pipeline: As it is loaded.
        version: Its version.
        every_s: How often the files are looked at, in seconds.
    """

    def __init__(self, pipeline: Pipeline, version: Version, every_s: float) -> None:
        self._pipeline = pipeline
        self._version = version
        self._every_s = every_s
        self._looks_at = 0.0
        self._is_refused = False
        self._trial: Trial | None = None
        self._tried: Facts = {}
        self._changed: tuple[Facts, float] | None = None
        self._known = self._facts() if self._is_unchanged() else {}

    def look(self, now: float) -> Reloaded | Refused | None:
        """Tell whether there is something new; to be called again and again.

        A change is taken up once it has held still, tried in a process of its own, and only then loaded here. The modules
        of the pipeline that it replaces are forgotten. A wrong one is told once for each change.

        Args:
            now: In seconds; a clock that is put back does no harm.
        """
        if self._trial is not None:
            return self._ended(self._trial, now)
        if self._changed is None and 0 < self._looks_at - now <= self._every_s:
            return None
        self._looks_at = now + self._every_s
        facts = self._facts()
        if facts == self._known:
            self._changed = None
        elif self._changed is None or facts != self._changed[0] or now < self._changed[1]:
            self._changed = facts, now
        elif now - self._changed[1] >= HELD_STILL_S:
            self._begin(facts, now)
        return None

    @property
    def is_pending(self) -> bool:
        """Whether a change was seen that is neither taken up nor refused yet."""
        return self._changed is not None or self._trial is not None

    def hurry(self) -> None:
        """Have the next look look, however short ago the last one was."""
        self._looks_at = 0.0

    def close(self) -> None:
        """End a trial that is under way."""
        if self._trial is not None:
            self._trial.close()
            self._trial = None

    def _begin(self, facts: Facts, now: float) -> None:
        if not self._is_refused and self._is_unchanged():
            self._known = facts
            self._changed = None
            return
        try:
            self._tried = self._facts(all_modules=True)
            self._trial = Trial(self._pipeline.path, now)
        except OSError:
            return  # no process can be started: the next look tries again
        self._changed = None

    def _ended(self, trial: Trial, now: float) -> Reloaded | Refused | None:
        if self._facts(all_modules=True) != self._tried:
            self.close()
            return None
        reason = trial.answer(now)
        if reason is None:
            return None
        self._trial = None
        if reason:
            return self._refused(reason)
        try:
            pipeline = load(self._pipeline.path)
        except (Exception, SystemExit) as error:  # it went well a moment ago, but this is the user's code
            return self._refused(str(error) or type(error).__name__)
        version = version_of(pipeline)
        if self._facts(all_modules=True) != self._tried:
            forget(pipeline)
            return None
        forget(self._pipeline)
        self._pipeline, self._version, self._is_refused = pipeline, version, False
        # As they were before it was loaded, so that no change in between is missed.
        self._known = {path: self._tried.get(path, fact) for path, fact in self._facts().items()}
        return Reloaded(pipeline, version)

    def _refused(self, reason: str) -> Refused:
        self._is_refused = True
        self._known = self._tried
        return Refused(reason)

    def _is_unchanged(self) -> bool:
        """Tell whether the files hold what was loaded, whatever their times say."""
        try:
            text = read_text(self._pipeline.path, Problems())
        except Stop:
            return False
        return text == self._pipeline.text and version_of(self._pipeline).digest == self._version.digest

    def _facts(self, *, all_modules: bool = False) -> Facts:
        """Look at the pipeline's files.

        Args:
            all_modules: At all modules beside it as well: one that was never imported may be what is missing.
        """
        paths = {self._pipeline.path, *self._pipeline.sources}
        if all_modules or self._is_refused:
            paths |= set(self._modules())
        return {path: _fact(path) for path in paths}

    def _modules(self) -> Iterator[Path]:
        watch = self._pipeline.watch
        data = {
            os.path.normpath(self._pipeline.folder / name)
            for name in (watch.inbox, watch.processing, watch.processed, watch.failed)
        }
        data |= {os.path.dirname(os.path.normpath(self._pipeline.folder / output.path)) for output in self._pipeline.outputs}
        data -= {str(self._pipeline.folder)}
        left = MOST_ENTRIES
        for folder, folders, files in os.walk(self._pipeline.folder):
            left -= len(folders) + len(files)
            if left < 0:
                return
            folders[:] = [
                name for name in folders if name[0] != "." and name not in _NOT_CODE and os.path.join(folder, name) not in data
            ]
            yield from (Path(folder, name) for name in files if name.endswith(".py"))


def _fact(path: Path) -> tuple[int, int, int] | None:
    try:
        said = path.stat()
    except OSError:
        return None
    return said.st_mtime_ns, said.st_size, said.st_ino

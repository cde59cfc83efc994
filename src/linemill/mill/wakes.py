"""What wakes the mill: something new in a folder, a command that touched a file, a worker that is done.

It only makes things earlier: whatever is missed here is found by the next look.
"""

from __future__ import annotations

import os
import queue
import select
import threading
from collections.abc import Iterable
from pathlib import Path

from linemill.files.inotify import Inotify
from linemill.files.readiness import is_remote

POLL_S = 0.25
"""How often a path is looked at that the kernel does not watch: it is not there, others may write there without this kernel
knowing, there can be no more watches, or the system has none."""


class Wakes:
    """Waits until one of several things happens. Costs nothing while none does.

    Args:
        paths: Folders and files to watch, there or not; the reason that they give is their name.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        # Its `put` may interrupt its `get`, so a signal handler may wake us.
        self._reasons: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._watcher = _Watcher(paths, self._reasons)

    def wake(self, reason: str) -> None:
        """End the wait that is under way, or the next. Called from any thread, and from signal handlers."""
        self._reasons.put(reason)

    def wait(self, timeout_s: float) -> set[str]:
        """Wait for something to happen, at most so many seconds, and give all reasons since the last wait; none in time."""
        reasons: set[str] = set()
        try:
            reasons.add(self._reasons.get(timeout=max(0.0, timeout_s)))
            while True:
                reasons.add(self._reasons.get_nowait())
        except queue.Empty:
            return reasons

    def close(self) -> None:
        """Stop watching, at once."""
        self._watcher.stop()


class _Watcher:
    """Sleeps in the kernel, in a thread, and looks itself after what the kernel does not watch."""

    def __init__(self, paths: Iterable[Path], reasons: queue.SimpleQueue[str]) -> None:
        self._reasons = reasons
        self._facts = {path: _facts(path) for path in paths}
        self._watches: dict[int, Path] = {}
        self._read_end, self._write_end = os.pipe()
        self._poll = select.poll()
        self._poll.register(self._read_end, select.POLLIN)
        try:
            self._inotify: Inotify | None = Inotify()
            self._poll.register(self._inotify.descriptor, select.POLLIN)
        except OSError:
            self._inotify = None
        # Here, so that nothing is missed once a mill has started to watch.
        self._unwatched = self._look_after(set(self._facts))
        self._thread = threading.Thread(target=self._run, name="linemill-wakes", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        os.write(self._write_end, b"x")
        self._thread.join()
        for descriptor in (self._read_end, self._write_end):
            os.close(descriptor)
        if self._inotify is not None:
            self._inotify.close()

    def _run(self) -> None:
        while True:
            ready = {descriptor for descriptor, _ in self._poll.poll(POLL_S * 1000 if self._unwatched else None)}
            if self._read_end in ready:
                return
            if ready:
                self._tell()
            self._unwatched = self._look_after(self._facts.keys() - self._watches.values())

    def _look_after(self, paths: set[Path]) -> int:
        """Watch what can be watched, tell of what has changed since the last look; give how many are still unwatched."""
        unwatched = 0
        for path in paths:
            if not self._is_watched(path):
                unwatched += 1
            # After the watch has begun, so that nothing falls between.
            facts = _facts(path)
            if facts != self._facts[path]:
                self._facts[path] = facts
                self._reasons.put(path.name)
        return unwatched

    def _is_watched(self, path: Path) -> bool:
        try:
            if self._inotify is None or is_remote(os.stat(path).st_dev):
                return False
            self._watches[self._inotify.watch(path)] = path
        except OSError:
            return False
        return True

    def _tell(self) -> None:
        assert self._inotify is not None
        news = self._inotify.read()
        for watch in self._watches if news.is_all else news.happened | news.ended:
            if watch in self._watches:
                self._reasons.put(self._watches[watch].name)
        for watch in news.ended & self._watches.keys():
            # Whatever has the name next is something else.
            self._facts[self._watches.pop(watch)] = None


def _facts(path: Path) -> tuple[int, int] | None:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_ino, facts.st_mtime_ns

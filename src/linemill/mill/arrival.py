"""Files arrive: what lies in the inbox, what it waits for, and how one of them becomes ours.

A scan of the folder is the truth; what wakes the mill between two of them only makes it earlier.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from linemill.catalog.records import FileState
from linemill.errors import UsageError, WorldError
from linemill.files import shown
from linemill.files.hidden import is_hidden
from linemill.files.publishing import undisturbed
from linemill.files.readiness import Readiness, Unready, hold
from linemill.files.renaming import rename_to_free
from linemill.files.trouble import refused
from linemill.mill.locking import LOCK_NAME
from linemill.pipeline import After, Pipeline
from linemill.pipeline.graph import WatchSettings

TEMPORARY = ("~", ".tmp", ".part", ".crdownload", ".swp")
"""Ends of names that files have until they are complete, whatever case they are written in."""

EVERY = 2**31
"""As a limit: all files are asked."""

LISTED_S = 2.0
"""How long what a scan has found may be gone on with."""


class Reason(StrEnum):
    """Why a file in the inbox is ignored, or waits although nobody writes to it; `Unready` has the others."""

    HIDDEN = "its name begins with a dot"
    TEMPORARY = "its name is that of a file that is not complete"
    NOT_INCLUDED = "its name matches no pattern of watch.include"
    FOLDER = "it is a folder"
    LINK = "it is a link"
    NO_FILE = "it is a pipe, a socket or a device"
    MARKER = "it is a marker that tells that another file is complete"
    NO_MARKER = "its marker is not there"
    QUEUED = "others are before it"


class Seen(NamedTuple):
    """A file in the inbox; a tuple, since ten thousand of them are made at each scan.

    Attributes:
        folder: The inbox.
        name: Its name there.
        fate: WAITING, READY or IGNORED.
        reason: Why it waits or is ignored; empty if it is ready.
        size: Bytes.
        mtime_ns: Time of its last change, in nanoseconds.
        noticed_at: When it was first seen.
        next_look_at: When to look at it again; None where an event or the next scan tells.
    """

    folder: Path
    name: str
    fate: FileState
    reason: str
    size: int = 0
    mtime_ns: int = 0
    noticed_at: float = 0.0
    next_look_at: float | None = None

    @property
    def path(self) -> Path:
        """Where it is, absolute."""
        return self.folder / self.name


class Inbox:
    """The watched folder and those to which its files move on. Used from one thread.

    Args:
        settings: What the pipeline says about it.
        base: The folder that relative paths start from.

    Attributes:
        folder: The inbox.
        processing: For files that are being worked on, on the same file system.
        processed: For files that are done.
        failed: For files that failed.
        has_more: The last scan left entries out.
    """

    def __init__(self, settings: WatchSettings, base: Path) -> None:
        self._base = base
        self.has_more = False
        self.folder = self._at(settings.inbox)
        self.follow(settings)

    def follow(self, settings: WatchSettings) -> None:
        """Go by other settings from now on. The inbox itself, which is locked, stays the same."""
        self.processing = self._at(settings.processing)
        self.processed = self._at(settings.processed)
        self.failed = self._at(settings.failed)
        self._marker = settings.marker
        self._is_included: Callable[[str], object] = (
            re.compile("|".join(map(fnmatch.translate, settings.include))).match if settings.include else bool
        )
        self._readiness = Readiness(settings.settle_s)
        self._left = _Left(float("-inf"), [], set(), [])
        self._known: set[tuple[str, int, int]] = set()

    def make(self) -> None:
        """Make the folders that are missing.

        Raises:
            UsageError: Something else is in the way, or files could not be renamed from the inbox to `processing`.
            WorldError: The system said no.
        """
        for folder in (self.folder, self.processing, self.processed, self.failed):
            _make(folder)
        if not self._can_be_renamed():
            raise UsageError(
                "the inbox and the folder of files that are being worked on are on different file systems, or mounts",
                shown(self.processing),
                "give watch.processing a folder beside or in the inbox: a file becomes linemill's by being renamed",
            )

    def _can_be_renamed(self) -> bool:
        """Try whether a file of the inbox can be renamed into `processing`; what else is wrong there, the first claim says."""
        probe = f".linemill-probe-{os.getpid()}.part"
        source, place = os.path.join(self.folder, probe), os.path.join(self.processing, probe)
        try:
            # Asking for devices is not enough: one file system may be mounted twice, as containers do.
            os.close(os.open(source, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            os.rename(source, place)
        except OSError as error:
            return error.errno != errno.EXDEV
        finally:
            for path in (source, place):
                with contextlib.suppress(OSError):
                    os.unlink(path)
        return True

    def scan(self, now: float, limit: int, known: Callable[[str, int, int], bool] | None = None, most: int = EVERY) -> list[Seen]:
        """Look through the inbox.

        Args:
            now: Seconds since 1970.
            limit: How many ready files to find; those behind them are not asked, and wait.
            known: Tells by name, size and time whether a file, which stays here, is done; then it is left out.
            most: How many entries to look at, in whatever order the folder gives them.

        Returns:
            First the files that arrived, oldest first and then by name, then what is ignored, by name.

        Raises:
            WorldError: The folder cannot be read.
        """
        ignored: list[Seen] = []
        arrived: list[tuple[int, str, os.stat_result]] = []
        entries = self._entries()
        names = {entry.name for entry in entries}
        self.has_more = len(entries) > most
        for entry in entries[:most]:
            name = entry.name
            why = self.refuses(name)
            if why is None and not entry.is_file(follow_symlinks=False):
                why = _refused_kind(entry)
            if why is not None:
                if name != LOCK_NAME and not is_hidden(name):
                    ignored.append(Seen(self.folder, name, FileState.IGNORED, why))
                continue
            try:
                facts = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # it has gone since the folder was read
            arrived.append((facts.st_mtime_ns, name, facts))
        arrived.sort()
        if known is not None:
            arrived = self._without_known(arrived, known)
        ignored.sort(key=lambda seen: seen.name)
        self._left = _Left(now, arrived, names, ignored)
        return self._ask_left(now, limit)

    def scan_on(self, now: float, limit: int) -> list[Seen]:
        """Go on where the last scan stopped, with what it did not find ready, as it was then; nothing, if it is too long ago.

        What has come, or changed, since then is told by the next scan: until there is room for it, it would only wait.

        Args:
            now: Seconds since 1970.
            limit: As for `scan`.
        """
        return self._ask_left(now, limit) if 0 <= now - self._left.at < LISTED_S and self._left.arrived else []

    def _ask_left(self, now: float, limit: int) -> list[Seen]:
        left = self._left
        seen = self._asked(left.arrived, left.names, now, limit)
        waiting = {one.name for one in seen if one.fate is FileState.WAITING}
        left.arrived = [found for found in left.arrived if found[1] in waiting]
        return seen + left.ignored

    def refuses(self, name: str) -> Reason | None:
        """Tell why a file of this name would be ignored, whatever it is; None if it would not be."""
        if name.startswith("."):
            return Reason.HIDDEN
        if name.lower().endswith(TEMPORARY):
            return Reason.TEMPORARY
        if self._marker is not None and name.endswith(self._marker):
            return Reason.MARKER
        return None if self._is_included(name) else Reason.NOT_INCLUDED

    def claim(self, seen: Seen, place: Path) -> bool:
        """Make a ready file ours: rename it to its place, unless somebody has come to it since it was seen.

        Its marker is removed.

        Args:
            seen: As the scan gave it.
            place: On the same file system, in `processing`.

        Returns:
            Whether it is ours now. If not, it is in the inbox as somebody left it, or nowhere.

        Raises:
            WorldError: It cannot be renamed.
        """
        path = seen.path
        held = hold(path, with_lease=self._marker is None)
        if isinstance(held, str):
            return False
        with held:
            if (held.facts.st_size, held.facts.st_mtime_ns) != (seen.size, seen.mtime_ns):
                return False
            with undisturbed():
                if not _moved(path, place):
                    return False
                # A writer may have opened it, or another file may have got its name, just before it was renamed.
                if not (held.is_undisturbed() and held.is_at(place)) and _moved(place, path):
                    return False
        self.remove_marker(path)
        return True

    def remove_marker(self, path: Path) -> None:
        """Remove the marker of a file that is ours, so that it does not tell that the next one of this name is complete.

        A crash may come between the claim and this, so it is asked for again.
        """
        if self._marker is not None:
            with contextlib.suppress(OSError):
                os.unlink(f"{path}{self._marker}")

    def _at(self, folder: str) -> Path:
        return Path(os.path.abspath(self._base / folder))

    def _entries(self) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.folder) as entries:
                return list(entries)
        except FileNotFoundError:
            _make(self.folder)
            return []
        except OSError as error:
            raise _cannot("the inbox cannot be read", error, self.folder) from error

    def _without_known(
        self, arrived: list[tuple[int, str, os.stat_result]], known: Callable[[str, int, int], bool]
    ) -> list[tuple[int, str, os.stat_result]]:
        """Leave out what is done, asking about each file only until it is."""
        keys = [(name, facts.st_size, mtime_ns) for mtime_ns, name, facts in arrived]
        self._known = {key for key in keys if key in self._known or known(*key)}
        return [found for found, key in zip(arrived, keys, strict=True) if key not in self._known]

    def _asked(self, arrived: list[tuple[int, str, os.stat_result]], names: set[str], now: float, limit: int) -> list[Seen]:
        every: list[Seen] = []
        ready = 0
        for mtime_ns, name, facts in arrived:
            noticed_at = self._readiness.notice(name, facts, now)
            fate, reason, ask_at = FileState.WAITING, "", None
            if self._marker is not None and f"{name}{self._marker}" not in names:
                reason = Reason.NO_MARKER
            elif ready >= limit:
                reason = Reason.QUEUED
            else:
                answer = self._readiness.ask(self.folder / name, now, with_lease=self._marker is None)
                if answer.reason == Unready.VANISHED:
                    continue
                reason, ask_at = answer.reason, answer.ask_at
                if answer.is_ready:
                    fate = FileState.READY
                    ready += 1
            every.append(Seen(self.folder, name, fate, reason, facts.st_size, mtime_ns, noticed_at, ask_at))
        self._readiness.forget_all_but(names)
        return every


@dataclass(slots=True)
class _Left:
    """What a scan has found, and nobody has claimed.

    Attributes:
        at: When it was.
        arrived: Files that arrived, with the time of their change and their names, oldest first; no ready ones.
        names: All names that were there.
        ignored: What is ignored.
    """

    at: float
    arrived: list[tuple[int, str, os.stat_result]]
    names: set[str]
    ignored: list[Seen]


Known = Callable[[Path, Collection[str]], Mapping[str, tuple[int, int]]]
"""Gives, for a folder and names, size and time of change of those that were claimed and stay there."""


def look(pipeline: Pipeline, base: Path, now: float, known: Known) -> list[Seen]:
    """Look through a pipeline's inbox once, changing nothing; nothing is there if the folder is not.

    Args:
        pipeline: The checked pipeline.
        base: The folder that relative paths start from.
        now: Seconds since 1970.
        known: Asked where inputs are kept, so that those that are done are left out.

    Raises:
        WorldError: The folder cannot be read.
    """
    return look_at_some(pipeline, base, now, known, EVERY)[0]


def look_at_some(pipeline: Pipeline, base: Path, now: float, known: Known, most: int) -> tuple[list[Seen], bool]:
    """Do the same with so many entries of the folder at most; give whether there are more.

    Raises:
        WorldError: The folder cannot be read.
    """
    inbox = Inbox(pipeline.watch, base)
    if not os.path.lexists(inbox.folder):
        return [], False
    seen = inbox.scan(now, most, most=most)
    if pipeline.watch.after is not After.KEEP:
        return seen, inbox.has_more
    done = known(inbox.folder, [one.name for one in seen])
    return [one for one in seen if done.get(one.name) != (one.size, one.mtime_ns)], inbox.has_more


def _refused_kind(entry: os.DirEntry[str]) -> Reason:
    """Tell what it is by what the folder says of it, without looking at it."""
    if entry.is_symlink():
        return Reason.LINK
    return Reason.FOLDER if entry.is_dir(follow_symlinks=False) else Reason.NO_FILE


def _moved(path: Path, place: Path) -> bool:
    """Rename to a name that is free; False if that is not so, or the file is gone."""
    try:
        try:
            rename_to_free(path, place)
        except FileNotFoundError:
            if not os.path.lexists(path):
                return False
            _make(place.parent)
            rename_to_free(path, place)
    except (FileExistsError, FileNotFoundError):
        return False
    except OSError as error:
        raise _cannot("the file cannot be taken from the inbox", error, place) from error
    return True


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        what = "the folder cannot be made: something that is no folder is in its way"
        raise UsageError(what, shown(folder), "move it, or name another folder") from error
    except OSError as error:
        raise _cannot("the folder cannot be made", error, folder) from error


def _cannot(what: str, error: OSError, path: Path) -> WorldError:
    return refused(what, error, path, "check the folder's permissions and the disk")

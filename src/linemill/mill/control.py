"""What people tell the mill: again, anew, pause. For the command line and the web alike.

Wishes are left in the catalog; a mill that runs sees them at once, since the file `wake` is touched, too.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linemill.catalog import Catalog
from linemill.catalog.history import History
from linemill.catalog.records import FileState, How, Kind, Wish
from linemill.catalog.rows import FileRow
from linemill.errors import UsageError
from linemill.files import shown
from linemill.pipeline.wording import did_you_mean

WAKE = "wake"
"""The file in the state folder that a mill watches."""

PAUSED = "paused"
"""The name of the control value."""


@dataclass(frozen=True, slots=True)
class Paused:
    """That no file is begun, on somebody's wish.

    Attributes:
        who: Who wished it.
        reason: Why, in words; may be empty.
        at: Since when.
    """

    who: str
    reason: str
    at: float


class Control:
    """Leaves somebody's wishes in a catalog.

    Args:
        folder: The state folder.
        catalog: Its catalog, to write.
        history: The same, to read.
        who: Whose wishes they are.
    """

    def __init__(self, folder: Path, catalog: Catalog, history: History, who: str) -> None:
        self._folder = folder
        self._catalog = catalog
        self._history = history
        self._who = who

    def retry(self, rows: Sequence[FileRow], now: float) -> None:
        """Have files that failed, or that wait for their next try, tried again at once.

        Raises:
            UsageError: One is in another state, or its input is gone: nothing is asked for.
        """
        for row in rows:
            _refuse_hindered(Kind.RETRY, row)
        self._wish(rows, Wish(Kind.RETRY, self._who), now)

    def reprocess(self, rows: Sequence[FileRow], now: float, *, append_again: bool = False) -> None:
        """Have files worked on anew, by the pipeline as it is now; their outputs are replaced.

        Args:
            rows: The files.
            now: The time.
            append_again: Growing outputs may get their lines a second time.

        Raises:
            UsageError: The input of one is gone, it is being worked on, or a growing output has its lines already: nothing is
                asked for.
        """
        for row in rows:
            _refuse_hindered(Kind.REPROCESS, row)
            growing = self._grown(row.id)
            if growing and not append_again:
                raise UsageError(
                    f"the growing output {growing[0]!r} has the lines of this file already",
                    shown(row.name),
                    "--append-again writes them there a second time",
                )
        self._wish(rows, Wish(Kind.REPROCESS, self._who, append_again=append_again), now)

    def redrive(
        self, rows: Sequence[FileRow] | None, now: float, *, node: str | None = None, code: str | None = None
    ) -> list[FileRow]:
        """Have dead letters taken through the pipeline as it is now; what is delivered is added to the outputs.

        Args:
            rows: Those of these files; None for all files that are done.
            now: The time.
            node: Only letters of this node.
            code: Only letters with this code.

        Returns:
            The files that it will happen to.

        Raises:
            UsageError: There are no such letters, or a file that was named is not done.
        """
        with_letters = self._history.letter_files(node, code)
        if rows is None:
            chosen = [row for row in self._history.files_by_id(with_letters) if row.state is FileState.DONE]
        else:
            for row in rows:
                _refuse_hindered(Kind.REDRIVE, row)
            chosen = [row for row in rows if row.id in set(with_letters)]
        if not chosen:
            which = [f" {what} {value!r}" for what, value in (("of node", node), ("with code", code)) if value is not None]
            meant = near_letters(self._history, node, code)
            hint = f"{meant}; `linemill errors` lists all" if meant else "`linemill errors` lists all"
            raise UsageError(f"there are no dead letters{''.join(which)} to take again", hint=hint)
        self._wish(chosen, Wish(Kind.REDRIVE, self._who, node=node, code=code), now)
        return chosen

    def pause(self, reason: str, now: float) -> None:
        """Have no file begun until somebody says `resume`; what is being worked on goes on to its end."""
        self._catalog.set_control(PAUSED, {"who": self._who, "reason": reason, "at": now}, now)
        self._catalog.event(self._who, "pause", reason, now)
        wake(self._folder)

    def resume(self, now: float) -> Paused | None:
        """Have files begun again.

        Returns:
            The pause that is over; None if there was none.
        """
        before = paused(self._history)
        if before is not None:
            self._catalog.set_control(PAUSED, None, now)
            self._catalog.event(self._who, "resume", "", now)
            wake(self._folder)
        return before

    def _wish(self, rows: Sequence[FileRow], wish: Wish, now: float) -> None:
        self._catalog.wish([row.id for row in rows], wish, now)
        wake(self._folder)

    def _grown(self, file_id: int) -> list[str]:
        """List the growing outputs that have lines of a file, by name."""
        kinds = {attempt.id: attempt.kind for attempt in self._history.attempts(file_id)}
        names = [
            output.name
            for output in self._history.outputs(file_id=file_id)
            # What a re-drive appends to may be the file's own output, which is replaced as a whole.
            if output.how is How.APPENDED and kinds[output.attempt_id] is not Kind.REDRIVE
        ]
        return list(dict.fromkeys(names))


def paused(history: History) -> Paused | None:
    """Tell whether somebody paused the mill, whether or not it runs."""
    return paused_of(history.control(PAUSED))


def paused_of(value: Any) -> Paused | None:
    """Read the control value."""
    return None if value is None else Paused(value["who"], value["reason"], value["at"])


def named(history: History, text: str) -> FileRow:
    """Give the file that somebody means: by id, name or path; of several the newest.

    Raises:
        UsageError: There is none.
    """
    found = history.find(text, limit=1)
    if not found:
        raise UsageError("the catalog has no such file", shown(text), "`linemill files` lists them")
    return found[0]


def near_letters(history: History, node: str | None, code: str | None) -> str:
    """Ask whether somebody who gave a node or a code that has no dead letters meant another; empty where none is near."""
    known = history.letter_kinds()
    for asked, among in ((node, {kind[0] for kind in known}), (code, {kind[1] for kind in known})):
        if asked is not None and asked not in among and (meant := did_you_mean(asked, among)):
            return meant
    return ""


def wake(folder: Path) -> None:
    """Have the mill of this state folder look at once. It looks by itself every second, so nothing is lost if this fails."""
    with contextlib.suppress(OSError):
        (folder / WAKE).touch()


def has_input(row: FileRow) -> bool:
    """Tell whether what a file was read from is there still."""
    return row.place is not None and os.path.lexists(row.place)


def hindrance(kind: Kind, row: FileRow) -> UsageError | None:
    """Tell what keeps a file from being worked on again now; None if nothing does.

    Args:
        kind: RETRY, REPROCESS or REDRIVE; whether there are dead letters for that is for the caller to know.
        row: The file.
    """
    name = shown(row.name)
    match kind, row.state:
        case Kind.REDRIVE, FileState.DONE:
            return None
        case Kind.REDRIVE, state:
            return UsageError(f"only a file that is done has dead letters; this one is {state}", name)
        case Kind.RETRY, FileState.DONE:
            return UsageError("the file has not failed: it is done", name, "`linemill reprocess` does it anew")
        case Kind.RETRY, FileState.WORKING | FileState.COMMITTED as state:
            return UsageError(f"the file has not failed: it is {state}", name, "wait for it")
        case _, FileState.WORKING | FileState.COMMITTED as state:
            return UsageError(f"the file is {state}", name, "wait for it")
    if row.place is None:
        what = "standard input cannot be read again" if row.found is None else "its input was deleted when it was done"
        return UsageError(what, name)
    if not has_input(row):
        return UsageError("its input is not there any more", shown(row.place), "put it back under this name")
    return None


def _refuse_hindered(kind: Kind, row: FileRow) -> None:
    hindered = hindrance(kind, row)
    if hindered is not None:
        raise hindered

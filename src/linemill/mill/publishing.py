"""What is committed becomes visible: the redo of the catalog's log, done again until it has succeeded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from linemill.catalog import Catalog
from linemill.catalog.records import How, Redo, ToPublish
from linemill.errors import FileError, LinemillError
from linemill.failpoints import reach
from linemill.files.hidden import Folders, discard
from linemill.files.publishing import MovedAway, TargetTaken, append, move_input, put_in_place, remove, sync, undisturbed

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
"""Between two tries, each twice as long as the last: soon after a short trouble, and rarely during a long one."""


class Publisher:
    """Publishes committed attempts in the order of their commits. What cannot be published now is tried again later.

    Attributes:
        trouble: Why something could not be published at the last try; None if all was.
        next_at: When to try again.
        undone: Attempts that were taken back, since what they had staged was gone; whoever asks empties it.
    """

    def __init__(self, catalog: Catalog, folders: Folders) -> None:
        self._catalog = catalog
        self._folders = folders
        self._waiting: list[Redo] = []
        self._wait_s = FIRST_WAIT_S
        self.trouble: LinemillError | None = None
        self.next_at = 0.0
        self.undone: list[Redo] = []

    @property
    def has_work(self) -> bool:
        """Whether anything is committed and not published."""
        return bool(self._waiting)

    def add(self, redos: Sequence[Redo]) -> None:
        """Take on what has been committed; it is published by the next `work`."""
        self._waiting += redos

    def work(self, now: float) -> list[Redo]:
        """Publish all that can be; give the attempts that are done.

        An output into which an earlier attempt could not be published keeps its order: later attempts wait.
        """
        if not self._waiting or (self.trouble is not None and now < self.next_at):
            return []
        self.trouble = None
        every: list[Redo] = []
        while done := self._some(now):
            every += done
        self._wait(now)
        return every

    def _wait(self, now: float) -> None:
        """Settle when to try again, each time later."""
        if self.trouble is None:
            self._wait_s = FIRST_WAIT_S
        else:
            self.next_at = now + self._wait_s
            self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)

    def _some(self, now: float) -> list[Redo]:
        """Publish what can be and tell the catalog; none if nothing more can be."""
        with undisturbed():  # once, and not for each of a hundred files
            done, waiting = self._published(now)
        if done:
            try:
                sync(_appended_to(done), _folders_of(done) | self._folders.take_unsynced())
            except LinemillError as error:
                self.trouble, waiting, done = error, self._waiting, []
        if done:
            reach("published")
            self._catalog.published(done, now)
            reach("done")
            discard(each.output.staged for redo in done for each in redo.outputs if each.output.how is How.APPENDED)
        self._waiting = waiting
        return done

    def _published(self, now: float) -> tuple[list[Redo], list[Redo]]:
        done: list[Redo] = []
        waiting: list[Redo] = []
        held_up: set[Path] = set()
        left = list(self._waiting)
        self._folders.look_again()
        while left:
            redo = left.pop(0)
            if held_up and not held_up.isdisjoint(_targets_of(redo)):
                held_up |= _targets_of(redo)
                waiting.append(redo)
                continue
            try:
                redo = self._publish(redo, now)
            except (MovedAway, TargetTaken) as error:
                if done:  # told first: what is published into the file that was moved away is not counted anew
                    return done, [*waiting, redo, *left]
                if isinstance(error, MovedAway):
                    self._catalog.begin_anew(error.target)
                else:
                    self._catalog.retarget(_of(redo, error.target).output_id, _next_free(error.target))
                left = self._anew([redo, *left])
            except LinemillError as error:
                if error.code == "staged_gone":
                    if self._taken_back(redo, str(error), now):
                        left = self._anew(left)
                    else:
                        done.append(redo)
                    continue
                self.trouble = self.trouble or error
                held_up |= _targets_of(redo)
                waiting.append(redo)
            else:
                done.append(redo)
        return done, waiting

    def _anew(self, redos: list[Redo]) -> list[Redo]:
        """Ask the catalog again for what is left to do, in the same order."""
        now = {redo.attempt_id: redo for redo in self._catalog.redo(None)}
        return [now[redo.attempt_id] for redo in redos if redo.attempt_id in now]

    def _taken_back(self, redo: Redo, why: str, now: float) -> bool:
        """Take back an attempt whose staged files somebody has removed, so that its file is worked again.

        Returns:
            False where some of its lines are in a growing output already, which cannot be taken back: then the outputs that were
            removed stay missing, which the events tell and `verify` finds.
        """
        if any(_has_begun(each) for each in redo.outputs if each.output.how is How.APPENDED):
            self._catalog.event("mill", "output_lost", why, now, redo.file_id)
            return False
        for each in redo.outputs:
            output = each.output
            if output.how is How.WHOLE and not output.may_replace and not os.path.lexists(output.staged):
                remove(output.target)  # in its place already; the next attempt puts its own there
        self._catalog.undo(redo, now)
        self._catalog.event("mill", "taken_back", why, now, redo.file_id)
        discard(each.output.staged for each in redo.outputs)
        self.undone.append(redo)
        return True

    def _publish(self, redo: Redo, now: float) -> Redo:
        """Publish the outputs and send the input on its way; give the attempt with the place where that is now."""
        for each in redo.outputs:
            output = each.output
            if each.is_published:
                continue
            self._folders.make(os.path.dirname(output.target))
            if output.how is How.WHOLE:
                put_in_place(output.staged, output.target, may_replace=output.may_replace)
            else:
                append(output.staged, output.target, each.offset, output.bytes, sync=False)
        for path in redo.obsolete:
            remove(path)
        if redo.place is None:
            return redo
        if redo.deletes:
            remove(redo.place)
        elif redo.moves_to is not None and redo.moves_to != redo.place:
            place = self._moved(redo, redo.place, redo.moves_to, now)
            return redo if place is redo.moves_to else replace(redo, moves_to=place)
        return redo

    def _moved(self, redo: Redo, place: Path, goal: Path, now: float) -> Path:
        """Move an input, to the next free name if a stranger has its own; tell where it is. One that is gone holds up nobody."""
        self._folders.make(os.path.dirname(goal))
        try:
            move_input(place, goal)
        except FileError as error:
            if error.code == "target":
                goal = _next_free(goal)
                move_input(place, goal)
            elif error.code == "vanished":
                self._catalog.event("mill", "input_gone", str(error), now, redo.file_id)
            else:
                raise
        return goal


def _has_begun(appended: ToPublish) -> bool:
    """Tell whether bytes of an output are in its growing file."""
    try:
        return os.stat(appended.output.target).st_size > appended.offset
    except OSError:
        return False


def _appended_to(redos: Sequence[Redo]) -> set[Path]:
    return {each.output.target for redo in redos for each in redo.outputs if each.output.how is How.APPENDED}


def _targets_of(redo: Redo) -> set[Path]:
    return {each.output.target for each in redo.outputs}


def _of(redo: Redo, target: Path) -> ToPublish:
    return next(each for each in redo.outputs if each.output.target == target)


def _next_free(target: Path) -> Path:
    number = 2
    while os.path.lexists(path := target.with_name(f"{target.stem}~{number}{target.suffix}")):
        number += 1
    return path


def _folders_of(redos: Sequence[Redo]) -> set[Path]:
    # As text: paths are slow to take apart and to compare, and most files have the same few folders.
    folders: set[str] = set()
    for redo in redos:
        folders.update([os.path.dirname(each.output.target) for each in redo.outputs])
        folders.update([folder for path in redo.obsolete if os.path.exists(folder := os.path.dirname(path))])
        if redo.moves_to or redo.deletes:
            folders.update([os.path.dirname(path) for path in (redo.place, redo.moves_to) if path is not None])
    return set(map(Path, folders))

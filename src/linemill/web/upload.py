"""Files that are sent: streamed into the inbox, hidden there until they are complete, refused as soon as something is wrong."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from glob import escape
from itertools import count
from pathlib import Path
from urllib.parse import quote

from linemill.catalog.claiming import life_name
from linemill.errors import WorldError
from linemill.files import shown
from linemill.files.incoming import Incoming
from linemill.files.trouble import refused
from linemill.mill.arrival import Inbox, Reason
from linemill.mill.locking import LOCK_NAME
from linemill.pipeline import Pipeline
from linemill.web.accepting import HEAD_BYTES, fault_of, has_suffix, safe_name
from linemill.web.answers import SaidNo
from linemill.web.models import Uploaded
from linemill.web.multipart import Begin, Data, Form, NotAForm
from linemill.web.threads import apart

WRITE_BYTES = 256 * 2**10
"""How much is gathered for a write: a thread does it, and to ask one takes as long as to write 100 kB."""

LOOK_BYTES = 64 * 2**20
"""How often the inbox and the disk are asked again for room."""

MOST_PARTS = 1000
"""Of one form, files and fields."""

LONGEST_FIELD_BYTES = 64 * 2**10
"""Of a field that is no file; what it says is passed over."""

LONGEST_NUMBER = 8
"""Of a name that is there already, in characters."""

Note = Callable[[str, int], None]
"""Told the name and the size of each file that is in the inbox."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where files that are sent go, and what is taken there.

    Attributes:
        pipeline: Says all of it.
        inbox: The folder, with its rules.
    """

    pipeline: Pipeline
    inbox: Inbox

    def check_name(self, name: str) -> None:
        """Hold that a file of this name would be taken from the inbox.

        Raises:
            SaidNo: Why not.
        """
        suffixes = self.pipeline.upload.suffixes
        if not has_suffix(name, suffixes):
            hint = f"upload.suffixes allows {', '.join(suffixes)}"
            raise SaidNo(415, "suffix", "files of this kind are not taken", shown(name), hint)
        reason = self.inbox.refuses(name)
        if reason is not None:
            include = f": {', '.join(self.pipeline.watch.include)}" if reason is Reason.NOT_INCLUDED else ""
            raise SaidNo(422, "name", f"the inbox would ignore this file: {reason}{include}", shown(name), "give it another name")

    def check_room(self, name: str) -> None:
        """Hold that there is room for more in the inbox and on its disk.

        Raises:
            SaidNo: There is none.
            WorldError: The inbox is not there any more.
        """
        quota, least = self.pipeline.upload.quota, self.pipeline.watch.min_free
        folder = self.inbox.folder
        try:
            lying, free = self._lying(), os.statvfs(folder)
        except OSError as error:
            raise refused("the inbox cannot be looked at", error, folder, "put the folder back, and send it again") from error
        if lying > quota:
            what = f"with this file there would be more in the inbox than upload.quota ({quota} bytes)"
            raise SaidNo(413, "quota", what, shown(name), "wait until what is there has been worked on")
        if free.f_bavail * free.f_frsize < least:
            what = f"the disk of the inbox has less than watch.min_free ({least} bytes) left"
            raise SaidNo(507, "disk_full", what, shown(name), "free some space, and send it again")

    def _lying(self) -> int:
        """Add up what lies in the inbox, what is still being sent included."""
        total = 0
        with os.scandir(self.inbox.folder) as entries:
            for entry in entries:
                if entry.name != LOCK_NAME and entry.is_file(follow_symlinks=False):
                    try:
                        total += entry.stat(follow_symlinks=False).st_size
                    except FileNotFoundError:
                        continue  # it was claimed in the meantime
        return total


def destination_of(pipeline: Pipeline, base: Path) -> Destination:
    """Give the inbox of a pipeline, made if it is missing.

    Raises:
        WorldError: It cannot be made.
    """
    inbox = Inbox(pipeline.watch, base)
    try:
        inbox.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refused("the inbox cannot be made", error, inbox.folder, "check the folder's permissions") from error
    return Destination(pipeline, inbox)


async def take(chunks: AsyncIterator[bytes], content_type: str, destination: Destination, note: Note) -> list[Uploaded]:
    """Take all files of a form into the inbox, one after the other, while it streams in.

    Args:
        chunks: The body.
        content_type: Its header.
        destination: Where they go.
        note: Called in a thread.

    Raises:
        SaidNo: One is not taken, or the form is none. Those before it are.
        WorldError: The disk says no.
    """
    taken: list[Uploaded] = []
    part: _Part | None = None
    parts = 0
    try:
        form = Form(content_type)
        async for chunk in chunks:
            for event in form.feed(chunk):
                match event:
                    case Begin(name):
                        parts += 1
                        if parts > MOST_PARTS:
                            what = f"a form may have {MOST_PARTS} parts"
                            raise SaidNo(413, "too_many", what, hint="send the others in another")
                        part = _Part(destination, name)
                        await apart(part.begin)
                    case Data(piece) if part is not None:
                        part.add(piece)
                        if part.waiting >= WRITE_BYTES:
                            await apart(part.write)
                    case _ if part is not None:
                        uploaded = await apart(part.finish, note)
                        taken += [uploaded] if uploaded is not None else []
                        part = None
            if form.is_complete:
                break
        if not form.is_complete:
            raise NotAForm("the form ends in the middle")
    except NotAForm as error:
        raise SaidNo(400, "no_form", str(error), "", "send it as `curl -F file=@name` does") from error
    except SaidNo as no:
        raise _with_taken(no, taken) from no
    except WorldError as error:
        status = 507 if error.code == "disk_full" else 503
        raise _with_taken(SaidNo(status, error.code, error.what, error.where, error.hint), taken) from error
    finally:
        if part is not None:
            part.discard()
    if not taken:
        raise SaidNo(400, "no_file", "there is no file in the form", "", "send it as `curl -F file=@name` does")
    return taken


class _Part:
    """A part of a form. Its methods are called one after the other, from whatever thread.

    Args:
        destination: Where a file goes.
        name: As it was sent; None for a field that is no file.

    Attributes:
        waiting: Bytes that were added and not written.
    """

    def __init__(self, destination: Destination, name: str | None) -> None:
        self.waiting = 0
        self._destination = destination
        self._marker = destination.pipeline.watch.marker
        self._given = name
        room = 0 if self._marker is None else len(self._marker.encode()) + LONGEST_NUMBER
        self._name = "" if name is None else safe_name(name, room)
        self._pieces: list[memoryview] = []
        self._head = b""
        self._is_checked = False
        self._size = 0
        self._look_at = LOOK_BYTES
        self._incoming: Incoming | None = None

    def begin(self) -> None:
        """Make the hidden file, unless it is known already that it would not be taken."""
        if self._given:
            self._destination.check_name(self._name)
            self._open()

    def add(self, piece: memoryview) -> None:
        """Take the next bytes; they are written later."""
        self._size += len(piece)
        if self._given is None:
            if self._size > LONGEST_FIELD_BYTES:
                what = f"a field that is no file has more than {LONGEST_FIELD_BYTES} bytes"
                raise SaidNo(400, "no_form", what, "", "send files as `curl -F file=@name` does")
            return
        most = self._destination.pipeline.upload.max_size
        if self._size > most:
            what = f"the file is larger than upload.max_size ({most} bytes)"
            raise SaidNo(413, "too_big", what, shown(self._name), "send it in parts, or compressed")
        self._pieces.append(piece)
        self.waiting += len(piece)

    def write(self) -> None:
        """Write what was added."""
        if self._incoming is None:  # a file without a name: it is one if there is something in it
            self._destination.check_name(self._name)
            self._incoming = self._open()
        pieces, self._pieces, self.waiting = self._pieces, [], 0
        if not self._is_checked:
            self._head += b"".join(pieces)[: HEAD_BYTES - len(self._head)]
            if len(self._head) == HEAD_BYTES:
                self._check_head()
        self._incoming.write(pieces)
        if self._size >= self._look_at:
            self._look_at = self._size + LOOK_BYTES
            self._destination.check_room(self._name)

    def finish(self, note: Note) -> Uploaded | None:
        """Put the file into the inbox; None for a part that is none."""
        if self._given is None or (not self._given and not self._size):
            return None
        self.write()
        self._check_head()
        self._destination.check_room(self._name)
        assert self._incoming is not None
        name = self._incoming.keep(_names_after(self._name, self._destination.inbox.folder), self._marker)
        note(name, self._size)
        return Uploaded(name=shown(name), size=self._size, href=f"/files?name={quote(escape(name), safe='')}")

    def discard(self) -> None:
        """Leave nothing of it."""
        if self._incoming is not None:
            self._incoming.discard()

    def _open(self) -> Incoming:
        self._destination.check_room(self._name)
        self._incoming = Incoming(self._destination.inbox.folder)
        return self._incoming

    def _check_head(self) -> None:
        if self._is_checked:
            return
        self._is_checked = True
        fault = fault_of(self._name, self._head, self._destination.pipeline.input.encoding)
        if fault is not None:
            raise SaidNo(415, "content", fault, shown(self._name), "send text, plain or compressed by gzip, bzip2, xz or zstd")


def _names_after(name: str, folder: Path) -> Iterator[str]:
    """Give a name, or the one with the first free number after it, and then those with the numbers that follow.

    Where a thousand files of one name lie, not every number is tried, for each file again: a number behind one that is taken
    will do.
    """
    free = 1
    while os.path.lexists(folder / life_name(name, free)):
        free *= 2
    taken = free // 2
    while free - taken > 1:
        middle = (taken + free) // 2
        if os.path.lexists(folder / life_name(name, middle)):
            taken = middle
        else:
            free = middle
    return (life_name(name, number) for number in count(free))


def _with_taken(no: SaidNo, taken: list[Uploaded]) -> SaidNo:
    """Say with a refusal which files were taken before, so that they are not sent again."""
    if not taken:
        return no
    trouble = no.trouble
    before = f"taken before it: {', '.join(one.name for one in taken)}"
    return SaidNo(no.status, trouble.code, trouble.what, trouble.where, f"{trouble.hint}; {before}" if trouble.hint else before)

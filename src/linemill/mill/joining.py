"""A file that is worked in spans, put together: each span's lines at their place in the whole, whichever ends first."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

import xxhash

from linemill.catalog.records import SpanDone
from linemill.engine import DeadLetter, Ledger, Traced
from linemill.errors import InvariantBroken
from linemill.executors.letters import letter_of, moved
from linemill.executors.task import LETTERS, Worked
from linemill.executors.traces import moved_traces
from linemill.files import Span, cannot_write, shown
from linemill.files.hidden import discard
from linemill.files.storing import Storing
from linemill.pipeline import DEAD_LETTERS

TRACES = 16
"""Traced lines that a file keeps."""

COPY_BYTES = 8 * 2**20
"""Copied at once."""

_CANNOT_COPY = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EPERM})


class Joined:
    """The spans of one file, being put together in order while later ones are still worked on.

    Args:
        whole: By output name, and `DEAD_LETTERS`, the hidden file that its spans are put together in.
        durable: Spans of an earlier try whose lines are in these files already.

    Attributes:
        ledger: Counts of the spans that are put together.
        letters: The first dead letters of these.
        traces: The first traced lines of these; of those from an earlier try there are none any more.
        pieces: By output name, lengths and checksums of what each span added.
        lengths: By output name, bytes put together.
    """

    def __init__(self, whole: Mapping[str, Path], durable: tuple[SpanDone, ...], where: str) -> None:
        self.ledger = Ledger()
        self.letters: list[DeadLetter] = []
        self.traces: list[Traced] = []
        self.pieces: dict[str, list[tuple[int, str]]] = {name: [] for name in whole}
        self.lengths = dict.fromkeys(whole, 0)
        self._fresh: deque[SpanDone] = deque()  # put together, and not yet given as durable
        self._whole = whole
        self._where = where
        self._parts: dict[Span, Mapping[str, Path]] = {}
        self._waiting: dict[Span, Worked] = {}
        self._order: deque[Span] = deque()
        self._count = len(durable)
        for span in durable:
            self.ledger.add(span.ledger)
            self.lengths |= span.lengths
            for name, piece in span.pieces.items():
                self.pieces[name].append(piece)
        self._storing = Storing(self._sync, sum(self.lengths.values()))
        if self.ledger.dead:
            self.letters += _first_letters(whole[DEAD_LETTERS])

    def expect(self, span: Span, parts: Mapping[str, Path]) -> None:
        """Note the next span, and the hidden files that its lines come in unless they are put in their place at once."""
        self._order.append(span)
        self._parts[span] = parts

    def add(self, span: Span, worked: Worked) -> None:
        """Take a span that is done, and put together all that can be.

        Raises:
            WorldError: The disk is full, or the system said no.
        """
        self._waiting[span] = worked
        while self._order and self._order[0] in self._waiting:
            following = self._order.popleft()
            self._append(following, self._parts.pop(following), self._waiting.pop(following))

    def finish(self) -> None:
        """Hold that every span was worked, and make all durable.

        Raises:
            InvariantBroken: Some were not.
            WorldError: The system said no.
        """
        if self._order or self._waiting:
            raise InvariantBroken(f"{len(self._order)} spans of the file were never worked on", self._where)
        self._storing.finish()

    def durable(self, *, wait: bool = False) -> list[SpanDone]:
        """Give the spans that have become durable since this was last asked, and begin to store all that are put together.

        Args:
            wait: Until they are durable, too.

        Raises:
            WorldError: The system said no.
        """
        if wait:
            self._storing.finish()
        self._storing.check()
        stored, spans = self._storing.stored, list[SpanDone]()
        while self._fresh and sum(self._fresh[0].lengths.values()) <= stored:
            spans.append(self._fresh.popleft())
        self._storing.begin()
        return spans

    def _sync(self) -> None:
        for path in self._whole.values():
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            except FileNotFoundError:
                continue  # no dead letters so far
            except OSError as error:
                raise cannot_write(error, "staged", path) from error

    def _append(self, span: Span, parts: Mapping[str, Path], worked: Worked) -> None:
        base = self.ledger.lines
        if worked.starts is not None and any(self.lengths[name] != start for name, start in worked.starts.items()):
            raise InvariantBroken(f"a span was put at {worked.starts}, and its place is {self.lengths}", self._where)
        added: dict[str, tuple[int, str]] = {}
        for name, whole in self._whole.items():
            if name == DEAD_LETTERS:
                if worked.ledger.dead:
                    added[name] = self._append_letters(parts[name], whole, base)
            elif name in worked.pieces:
                if not worked.is_placed:
                    _copy(parts[name], whole, self.lengths[name], worked.pieces[name][0])
                added[name] = worked.pieces[name]
        for name, piece in added.items():
            self.lengths[name] += piece[0]
            self.pieces[name].append(piece)
        room = LETTERS - len(self.letters)
        self.letters += [replace(letter, number=letter.number and letter.number + base) for letter in worked.letters[:room]]
        self.traces += moved_traces(worked.traces, base)[: TRACES - len(self.traces)]
        discard(parts.values())
        self.ledger.add(worked.ledger)
        self._fresh.append(SpanDone(self._count, span.start, span.end, worked.ledger, dict(self.lengths), added))
        self._count += 1
        self._storing.written(sum(self.lengths.values()))

    def _append_letters(self, part: Path, whole: Path, base: int) -> tuple[int, str]:
        checksum, length = xxhash.xxh3_64(), 0
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(part, "rb") as letters, os.fdopen(os.open(whole, flags, 0o666), "wb") as out:
                out.seek(self.lengths[DEAD_LETTERS])
                for letter in letters:
                    line = moved(letter, base)
                    out.write(line)
                    checksum.update(line)
                    length += len(line)
        except OSError as error:
            raise cannot_write(error, "put together", whole) from error
        return length, checksum.hexdigest()


def _first_letters(path: Path) -> list[DeadLetter]:
    try:
        with open(path, "rb") as lines:
            return [letter_of(line) for line in islice(lines, LETTERS)]
    except OSError as error:
        raise cannot_write(error, "put together", path) from error
    except ValueError as error:
        raise InvariantBroken(f"the staged dead letters are not as they were written: {error}", shown(path)) from error


def _copy(part: Path, whole: Path, offset: int, length: int) -> None:
    """Copy a part to its place in the whole, in the kernel where it can."""
    try:
        source = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            target = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
            try:
                done = _copy_in_kernel(source, target, offset, length)
                while done < length:
                    block = os.pread(source, COPY_BYTES, done)
                    if not block:
                        break
                    done += os.pwrite(target, block, offset + done)
            finally:
                os.close(target)
        finally:
            os.close(source)
    except OSError as error:
        raise cannot_write(error, "put together", whole) from error
    if done != length:
        raise InvariantBroken(f"a part has {done:,} bytes, the ledger {length:,}", shown(whole))


def _copy_in_kernel(source: int, target: int, offset: int, length: int) -> int:
    done = 0
    while done < length:
        try:
            step = os.copy_file_range(source, target, min(COPY_BYTES, length - done), done, offset + done)
        except OSError as error:
            if error.errno in _CANNOT_COPY:
                break
            raise
        if step == 0:
            break
        done += step
    return done

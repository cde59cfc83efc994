"""The check at the end of the soak: all inputs that were taken against all outputs, by content, not by the program's books."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from linemill.files import unshown
from tests.crash.workloads import upper
from tests.soak.drops import Drop, Fate


def faults_of_soak(folder: Path, drops: Sequence[Drop]) -> list[str]:
    """Say everything that is not as it must be when the mill has done all and stands still.

    Args:
        folder: The project.
        drops: All that ever arrived.
    """
    lives = _lives(folder)
    taken: dict[str, Drop] = {}
    faults: list[str] = []
    for life_name, (name, state) in lives.items():
        path = folder / "processed" / life_name
        if state != "done":
            faults.append(f"{life_name!r} is {state}")
        elif not path.is_file():
            faults.append(f"{life_name!r} is done and not in processed/")
        else:
            drop = _drop_of(path.read_bytes(), name, drops)
            if drop is None:
                faults.append(
                    f"{life_name!r} in processed/ is nothing that ever arrived as {name!r}: {path.stat().st_size} bytes"
                )
            else:
                taken[life_name] = drop
    faults += _faults_of_taking(taken, drops)
    for life_name, drop in taken.items():
        faults += _faults_of_outputs(folder, life_name, drop)
    faults += _faults_of_growing(folder / "out" / "all.txt", taken.values())
    faults += _strangers(folder, taken)
    return faults


def _lives(folder: Path) -> dict[str, tuple[str, str]]:
    with closing(sqlite3.connect(folder / ".linemill" / "catalog.db")) as connection:
        rows = connection.execute("SELECT life_name, name, state FROM file").fetchall()
    lives = {unshown(life_name): (unshown(name), state) for life_name, name, state in rows}
    assert len(lives) == len(rows), "two files have one name"
    return lives


def _drop_of(content: bytes, name: str, drops: Sequence[Drop]) -> Drop | None:
    """Find what arrived under a name with this content; an empty file is like any other of its name."""
    if not content:
        return Drop(-1, name, 0)
    mark = content.split(maxsplit=1)[0].removeprefix(b"file-")
    drop = drops[int(mark)] if mark.isdigit() and int(mark) < len(drops) else None
    return drop if drop is not None and drop.name == name and drop.content() == content else None


def _faults_of_taking(taken: dict[str, Drop], drops: Sequence[Drop]) -> Iterator[str]:
    """Hold that all that had to be taken was, once; and nothing that was deleted or replaced before."""
    found = Counter((drop.number, drop.name) for drop in taken.values())
    expected = Counter((drop.number if drop.size else -1, drop.name) for drop in drops if drop.fate is Fate.TAKEN)
    for (number, name), count in (expected - found).items():
        yield f"{count} of number {number}, {name!r}, lost"
    for (number, name), count in (found - expected).items():
        yield f"{count} of number {number}, {name!r}, too many"


def _faults_of_outputs(folder: Path, life_name: str, drop: Drop) -> Iterator[str]:
    content = drop.content()
    for output, with_beta in (("errors", True), ("general", False)):
        path = folder / "out" / output / life_name
        if not path.is_file():
            yield f"{output} of {life_name!r} is missing"
        elif path.read_bytes() != upper(content, with_beta=with_beta):
            yield f"{output} of {life_name!r} has {path.stat().st_size} bytes that are not those of number {drop.number}"
    died = [number for number, line in enumerate(content.splitlines(), 1) if b"omega" in line]
    if died:
        letters = _letters_of(folder / "dead", life_name)
        if letters is None:
            yield f"the dead letters of {life_name!r} are missing"
        elif [json.loads(line)["line"] for line in letters.read_bytes().splitlines()] != died:
            yield f"the dead letters of {life_name!r} are others"


def _letters_of(folder: Path, life_name: str) -> Path | None:
    """Find the dead letters of a file; a name that would be too long is shortened, and ends in a digest of all of it."""
    name = f"{life_name}.jsonl"
    if len(os.fsencode(name)) > 255:
        end = f"~{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}.jsonl"
        return next((path for path in folder.iterdir() if path.name.endswith(end)), None)
    return folder / name if (folder / name).exists() else None


def _faults_of_growing(path: Path, taken: Iterable[Drop]) -> Iterator[str]:
    """Hold that a growing output is all that came of all files, each in one piece and once."""
    left = {drop.number: drop for drop in taken if drop.size}
    for mark, piece in _pieces(path):
        number = int(mark.removeprefix(b"FILE-"))
        drop = left.pop(number, None)
        if drop is None:
            yield f"{path.name}: lines of number {number} a second time, or of nothing that was taken"
        elif piece != upper(drop.content()):
            yield f"{path.name}: {len(piece)} bytes of number {number}, {len(upper(drop.content()))} expected"
    for number in left:
        yield f"{path.name}: nothing of number {number}"


def _pieces(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Give the lines that follow each other and come from one file, together."""
    mark = b""
    piece: list[bytes] = []
    with path.open("rb") as lines:
        for line in lines:
            of = line.split(maxsplit=1)[0]
            if of != mark and piece:
                yield mark, b"".join(piece)
                piece = []
            mark = of
            piece.append(line)
    if piece:
        yield mark, b"".join(piece)


def _strangers(folder: Path, taken: dict[str, Drop]) -> Iterator[str]:
    """Hold that nothing is anywhere that came of nothing."""
    for place in ("processed", "out/errors", "out/general"):
        for path in (folder / place).iterdir():
            if path.name not in taken:
                yield f"{place} has {path.name!r}, which comes of nothing"
    for place in ("inbox", "processing", "failed"):
        for path in (folder / place).iterdir():
            if path.name != ".linemill.lock":
                yield f"{place} has {path.name!r}"
    yield from (f"hidden: {path.relative_to(folder)}" for path in folder.rglob(".linemill-*"))

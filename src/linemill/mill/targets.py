"""Where the outputs of one input file go."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

from linemill.errors import UsageError
from linemill.files import shown
from linemill.files.names import LONGEST_NAME_BYTES
from linemill.pipeline import DEAD_LETTERS, Pipeline

DEAD_LETTERS_PATH = "dead/{name}.jsonl"
"""The template of the file of dead letters, beside the pipeline file or under `--out`."""

STDIN_NAME = "stdin"
"""What `{name}` says for standard input."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The output files of one input file, absolute.

    Attributes:
        outputs: By output name.
        dead: For the dead letters.
    """

    outputs: dict[str, Path]
    dead: Path


def name_of(path: Path | None) -> str:
    """Tell what `{name}` says for an input; never empty, and never a step up or down the folders."""
    return os.path.basename(os.path.abspath(path)) or "root" if path is not None else STDIN_NAME


def targets_of(pipeline: Pipeline, name: str, base: Path, day: str) -> Targets:
    """Fill in the templates for an input file.

    Args:
        pipeline: The checked pipeline.
        name: The input file's name.
        base: The folder that relative paths start from.
        day: What `{date}` says: the day on which the attempt began, ISO, UTC.
    """
    filled = _filled(name, base, day)
    outputs = {output.name: Path(filled(output.path)) for output in pipeline.outputs}
    return Targets(outputs, Path(_fitting(filled(DEAD_LETTERS_PATH))))


def own_targets_of(pipeline: Pipeline, name: str, base: Path, day: str) -> list[str]:
    """Give the paths that are one input file's alone, its dead letters among them, as text: they are only looked at."""
    filled = _filled(name, base, day)
    own = [filled(output.path) for output in pipeline.outputs if not output.is_growing]
    return [*own, _fitting(filled(DEAD_LETTERS_PATH))]


def _filled(name: str, base: Path, day: str) -> Callable[[str], str]:
    # Not `str.format`: a file may be called "{date}".
    said = {"{name}": name, "{stem}": _stem(name), "{date}": day}
    root = os.path.abspath(base)

    def filled(template: str) -> str:
        return os.path.normpath(os.path.join(root, "".join([said.get(piece, piece) for piece in _pieces(template)])))

    return filled


def _stem(name: str) -> str:
    """Give a name without its suffix, as `PurePath.stem` does, in a tenth of the time."""
    dot = name.rfind(".")
    return name[:dot] if 0 < dot < len(name) - 1 else name


def _fitting(path: str) -> str:
    """Shorten a name that is too long, so that no file fails for that of its dead letters.

    What is left: its beginning, `~`, eight hexadecimal digits that stand for all of it, its suffix.
    """
    folder, _, name = path.rpartition("/")
    encoded = os.fsencode(name)
    if len(encoded) <= LONGEST_NAME_BYTES:
        return path
    end = b"~" + hashlib.sha256(encoded).hexdigest()[:8].encode() + os.fsencode(PurePath(name).suffix)
    return os.path.join(folder, os.fsdecode(encoded[: LONGEST_NAME_BYTES - len(end)] + end))


@cache
def _pieces(template: str) -> list[str]:
    """Cut a template at its placeholders, which stay among the pieces."""
    return re.split(r"(\{name\}|\{stem\}|\{date\})", template)


def refuse_collisions(pipeline: Pipeline, inputs: Sequence[Path | None], targets: Iterable[Targets]) -> None:
    """Refuse a run in which one file would be written over another.

    Raises:
        UsageError: Two outputs have one path, or an output has the path of an input or of the pipeline; names both.
    """
    taken: dict[str, tuple[Path | None, str]] = {}
    sources = {os.path.realpath(path): f"the input {shown(path)}" for path in inputs if path is not None}
    sources |= {os.path.realpath(path): f"the pipeline's own {shown(path)}" for path in (pipeline.path, *pipeline.sources)}
    growing = {output.name for output in pipeline.outputs if output.is_growing}
    for source, target in zip(inputs, targets, strict=True):
        for output, path in [*target.outputs.items(), (DEAD_LETTERS, target.dead)]:
            real = os.path.realpath(path)
            if output in growing and taken.get(real, (source, output))[1] == output:
                taken[real] = (source, output)
                if real not in sources:
                    continue
            if real in sources:
                what = f"{_of(source, output)} would overwrite {sources[real]}"
                raise UsageError(what, shown(path), "give the output another folder")
            if real in taken:
                what = f"{_of(source, output)} and {_of(*taken[real])} have the same path"
                if taken[real] == (source, output):
                    raise UsageError("the input is named twice", shown(source or "-"), "name it once")
                is_one = taken[real][0] == source
                hint = "give them different paths" if is_one else "run them one after the other with different --out folders"
                raise UsageError(what, shown(path), hint)
            taken[real] = (source, output)


def _of(source: Path | None, output: str) -> str:
    return f"output {output!r} of {shown(source) if source is not None else 'standard input'}"

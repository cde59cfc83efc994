"""Read a pipeline file's bytes: what may be wrong with the file itself, before anything is YAML."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from linemill.pipeline.part import Place
from linemill.pipeline.problems import Problems
from linemill.pipeline.wording import did_you_mean

MAX_BYTES = 2**20
"""A pipeline file is written by hand; anything larger is another file."""

# What YAML 1.2 calls unprintable; lone surrogates cannot come out of UTF-8.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_text(path: Path, problems: Problems) -> str:
    """Read the file as text, or say why it cannot be a pipeline file.

    Raises:
        Stop: It cannot; the reason is among the problems.
    """
    data = _read(path, problems)
    if len(data) > MAX_BYTES:
        raise problems.stop("the file is larger than 1 MiB, the most that a pipeline file may be")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        what = f"byte 0x{data[error.start]:02x} is not UTF-8, and a pipeline file is UTF-8 text"
        raise problems.stop(what, place_after(before.removeprefix("\ufeff"))) from None
    if found := _UNPRINTABLE.search(text):
        what = f"the control character U+{ord(found.group()):04X} may not stand in YAML"
        hint = 'write it as an escape in double quotes, such as "\\0"'
        raise problems.stop(what, place_after(text[: found.start()]), hint)
    return text


def place_after(text: str) -> Place:
    """Tell the place that follows a text."""
    lines = re.split("\r\n|\r|\n", text)
    return Place(len(lines), len(lines[-1]) + 1)


def _read(path: Path, problems: Problems) -> bytes:
    try:
        # O_NONBLOCK: a pipe without a writer would block before one can see that it is no file.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            kind = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(kind):
                return file.read(MAX_BYTES + 1)
            if not stat.S_ISDIR(kind):
                raise problems.stop("this is no file (a pipe, a socket or a device)")
    except IsADirectoryError:
        pass
    except FileNotFoundError:
        raise problems.stop("there is no such file", hint=did_you_mean(path.name, _yaml_names(path.parent))) from None
    except OSError as error:
        raise problems.stop(f"the file cannot be read: {error.strerror}") from None
    except ValueError:
        raise problems.stop("this cannot be the name of a file") from None
    inside = _yaml_names(path)
    hint = f"name the file in it: {path / inside[0]}" if inside else "name a file in it"
    raise problems.stop("this is a folder, not a file", hint=hint)


def _yaml_names(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith((".yaml", ".yml")))
    except OSError:
        return []

"""Read single values of a pipeline file: durations, sizes, names and the like.

Each reader takes a part and gives what it means, or raises `Unfit` with what is wanted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeVar

from linemill.pipeline.graph import LONGEST_BACKOFF_S, Budget
from linemill.pipeline.part import Part
from linemill.pipeline.wording import did_you_mean, listing

LONGEST_S = 366 * 24 * 3600
"""A year: longer times are slips of the pen, and timers overflow at some point."""

LONGEST_AGE_S = 100 * LONGEST_S
"""A century: nothing waits for it, so it may be as good as for ever."""

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b", re.IGNORECASE)
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")

E = TypeVar("E", bound=StrEnum)


class Unfit(ValueError):
    """A value is not what its key wants.

    Attributes:
        wanted: What is, to stand after "wants".
        hint: The nearest right spelling, if any is near.
        part: The part that is wrong, where it is only a part of what was read.
    """

    def __init__(self, wanted: str, hint: str = "", part: Part | None = None) -> None:
        super().__init__(wanted)
        self.wanted = wanted
        self.hint = hint
        self.part = part


def text(part: Part) -> str:
    """Read text that is not empty."""
    if not isinstance(part.value, str):
        hint = f'write it in quotes: "{part.text}"' if part.is_scalar and part.text else ""
        raise Unfit("text", hint)
    if not part.value:
        raise Unfit("text that is not empty")
    return part.value


def folder(part: Part) -> str:
    """Read the path of a folder."""
    path = text(part)
    if not path.isprintable() or path != path.strip():
        raise Unfit("a path on one line without blanks around it")
    return path


def name_end(part: Part) -> str:
    """Read what is added to the name of a file."""
    end = text(part)
    if not end.isprintable() or end != end.strip() or "/" in end:
        raise Unfit("the end of a file name, without blanks and slashes, such as .done")
    return end


def name_ends(part: Part) -> tuple[str, ...]:
    """Read one end of file names or a list of them; in lower case, since they are compared so."""
    ends: list[str] = []
    for one in texts(part):
        try:
            ends.append(name_end(one).lower())
        except Unfit as unfit:
            raise Unfit(unfit.wanted, unfit.hint, one) from None
    return tuple(ends)


def texts(part: Part) -> tuple[Part, ...]:
    """Read one text or a list of them, and keep their places."""
    several = tuple(part.items) if isinstance(part.value, list) else (part,)
    if not several:
        raise Unfit("at least one text")
    for one in several:
        if not isinstance(one.value, str) or not one.value:
            raise Unfit("text or a list of texts", part=one)
    return several


def mapping(part: Part) -> Part:
    """Read a mapping."""
    if not isinstance(part.value, dict):
        raise Unfit("a mapping")
    return part


def anything(part: Part) -> Part:
    """Take a part as it is; its own reader comes later."""
    return part


def boolean(part: Part) -> bool:
    """Read true or false."""
    if not isinstance(part.value, bool):
        raise Unfit("true or false")
    return part.value


def whole_number(part: Part) -> int:
    """Read a whole number of at least 1."""
    if type(part.value) is not int or part.value < 1:
        raise Unfit("a whole number of at least 1")
    return part.value


def choice(kind: type[E]) -> Callable[[Part], E]:
    """Make a reader of one of the values of a closed set."""

    def read(part: Part) -> E:
        for member in kind:
            if part.value == member.value:
                return member
        values = [member.value for member in kind]
        raise Unfit(listing(values), did_you_mean(part.text, values))

    return read


def time_s(part: Part) -> float:
    """Read a time in seconds: `500ms`, `1s`, `2m`, `1h`, `7d`, or a plain number of seconds."""
    seconds = _seconds(part)
    if not 0 <= seconds <= LONGEST_S:
        raise Unfit("a time of at most 366 days, such as 500ms, 1s, 2m or 1h")
    return seconds


def _seconds(part: Part) -> float:
    if isinstance(part.value, str) and (found := _DURATION.fullmatch(part.value.strip())):
        return float(found[1]) * _SECONDS[found[2]]
    # Compared before it is made a float: whole numbers may be too large to be one.
    return float(part.value) if type(part.value) in (int, float) and part.value <= LONGEST_AGE_S else math.nan


def time_limit_s(part: Part) -> float:
    """Read a time in seconds that is more than nothing."""
    seconds = time_s(part)
    if not seconds:
        raise Unfit("a time longer than 0, such as 500ms, 1s or 2m")
    return seconds


def backoff_s(part: Part) -> float:
    """Read a wait between two tries, in seconds."""
    seconds = _seconds(part)
    if not 0 <= seconds <= LONGEST_BACKOFF_S:
        raise Unfit(f"a time of at most {LONGEST_BACKOFF_S / 60:g} minutes, such as 500ms, 2s or 1m")
    return seconds


def age_s(part: Part) -> float:
    """Read how long something is kept, in seconds."""
    seconds = _seconds(part)
    if not 0 < seconds <= LONGEST_AGE_S:
        raise Unfit("a time longer than 0 and of at most 36600 days, such as 12h, 90d or 365d")
    return seconds


def size(part: Part) -> int:
    """Read a size in bytes: `16 MiB`, `64kB`, or a plain number."""
    bytes_ = 0.0
    if type(part.value) is int:
        bytes_ = part.value
    elif isinstance(part.value, str) and (found := _SIZE.fullmatch(part.value.strip())):
        bytes_ = float(found[1]) * (1024 if found[3] else 1000) ** " kmgt".index(found[2].lower() or " ")
    if not 1 <= bytes_ < 2**63:
        raise Unfit("a size of at least 1 byte, such as 64kB, 16 MiB or 2 GiB")
    return int(bytes_)


def encoding(part: Part) -> str:
    """Read the name of a text encoding that Python knows."""
    import codecs
    from encodings.aliases import aliases

    name = text(part)
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        found = None
    # Codecs such as hex and rot13 are known as well, but do not make text of bytes.
    if found is None or not getattr(found, "_is_text_encoding", True):
        known = {each for names in aliases.items() if not _makes_no_text(names[1]) for each in names}
        hint = did_you_mean(name.replace("-", "_"), known)
        raise Unfit("an encoding that Python knows, such as utf-8, latin-1 or cp1252", hint)
    return name


def _makes_no_text(codec: str) -> bool:
    return codec.endswith("_codec") or codec == "rot_13"


def budget(part: Part) -> Budget:
    """Read how many dead letters a file may have: a share (`1%`) or a count."""
    if type(part.value) is int and 0 <= part.value < 2**63:
        return Budget(share=0.0, least=part.value)
    if isinstance(part.value, str) and (found := _PERCENT.fullmatch(part.value.strip())) and float(found[1]) <= 100:
        share = float(found[1]) / 100
        return Budget(share=share) if share else Budget(share=0.0, least=0)
    raise Unfit("a share such as 1% (at most 100%) or a whole number of lines such as 0 or 5")


def name(kind: str, reserved: Iterable[str]) -> Callable[[Part], str]:
    """Make a reader of the name of a node or an output."""

    def read(part: Part) -> str:
        if part.text in reserved:
            raise Unfit(f"another name for {kind}: {listing(reserved, 'and')} have a meaning of their own")
        if not part.text or part.text != part.text.strip() or not part.text.isprintable():
            raise Unfit(f"a name for {kind}: text on one line that is not empty and has no blanks around it")
        return part.text

    return read

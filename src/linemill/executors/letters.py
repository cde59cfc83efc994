"""Dead letters as lines of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from linemill.engine import DeadCode, DeadLetter, Form


def letter_line(letter: DeadLetter, file: str) -> bytes:
    r"""Say a dead letter as one line of JSON, with its end.

    Bytes that were not UTF-8 stand as `\udc80` to `\udcff` in its texts. Fields that say nothing are left out.
    """
    said = {key: value for key, value in asdict(letter).items() if value is not None}
    for key in ("node", "traceback"):  # an empty text or item, on the other hand, is what the line was
        if not said[key]:
            del said[key]
    return _as_json({"file": file, "line": said.pop("number"), **said})


def letter_of(line: bytes) -> DeadLetter:
    """Read what `letter_line` wrote.

    Raises:
        ValueError: It is something else.
    """
    return letter_in(json.loads(line))


def letter_in(said: Any) -> DeadLetter:
    """Read the fields that `letter_line` wrote.

    Raises:
        ValueError: They are others.
    """
    try:
        return DeadLetter(
            number=said["line"],
            node=said.get("node", ""),
            code=DeadCode(said["code"]),
            error=said["error"],
            text=said.get("text"),
            item=said.get("item"),
            traceback=said.get("traceback", ""),
            offset=said.get("offset"),
            length=said.get("length"),
            form=Form(said["form"]) if "form" in said else None,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no dead letter: {error!r}") from error


def moved(line: bytes, by: int) -> bytes:
    """Give a dead letter's line the number that it has in the whole file, `by` lines further down."""
    letter = json.loads(line)
    if letter["line"]:
        letter["line"] += by
    return _as_json(letter)


def _as_json(letter: dict[str, Any]) -> bytes:
    try:
        return json.dumps(letter, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(letter).encode() + b"\n"

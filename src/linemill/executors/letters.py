"""Dead letters as lines of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from linemill.engine import DeadLetter


def letter_line(letter: DeadLetter, file: str) -> bytes:
    r"""Say a dead letter as one line of JSON, with its end.

    Bytes that were not UTF-8 stand as `\udc80` to `\udcff` in its texts. Fields that say nothing are left out.
    """
    said = {key: value for key, value in asdict(letter).items() if value not in (None, "")}
    line = {"file": file, "line": said.pop("number"), **said}
    text = json.dumps(line, ensure_ascii=False)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(line).encode() + b"\n"


def moved(line: bytes, by: int) -> bytes:
    """Give a dead letter's line the number that it has in the whole file, `by` lines further down."""
    letter = json.loads(line)
    if letter["line"]:
        letter["line"] += by
    try:
        return json.dumps(letter, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(letter).encode() + b"\n"

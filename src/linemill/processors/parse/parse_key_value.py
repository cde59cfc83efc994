r"""Parse lines of `key=value` pairs (logfmt)."""

from __future__ import annotations

import re

from linemill.processors._wording import excerpt

_PAIR = re.compile(r'([^\s="]+)(?:(=)(?:"([^"\\]*(?:\\.[^"\\]*)*)"(?=\s|$)|([^\s"]\S*)?(?=\s|$)))?(?:\s+|$)')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def parse_key_value(line: str) -> dict[str, str | bool]:
    r"""Parse each line of `key=value` pairs (logfmt) and give it as a record.

    A value with blanks stands in double quotes, in which `\"`, `\\`, `\n`, `\t` and `\r` are escapes. Values are text; a key
    alone is `true`, a key with `=` and nothing after it is empty text. Where a key comes twice the last one counts. A line that
    holds no `=`, or something else than pairs and keys, is a dead letter.

    Example:
        nodes:
          parse:
            use: linemill.processors:parse_key_value
            to: records
        outputs:
          records: out/{stem}.jsonl

    Given:
        level=info msg="user logged in" took=12ms cached
        level=error msg= url=/search?q=1

    Gives:
        {"level":"info","msg":"user logged in","took":"12ms","cached":true}
        {"level":"error","msg":"","url":"/search?q=1"}
    """
    record: dict[str, str | bool] = {}
    has_pair = False
    end = len(line)
    place = end - len(line.lstrip())
    while place < end:
        match = _PAIR.match(line, place)
        if match is None:
            raise ValueError(f'expected key=value or key="some text" at column {place + 1}, found {excerpt(line[place:])}')
        key, equals, quoted, plain = match.groups()
        if equals is None:
            record[key] = True
        else:
            has_pair = True
            record[key] = (plain or "") if quoted is None else _unescaped(quoted)
        place = match.end()
    if not has_pair:
        raise ValueError(f"expected key=value pairs, found {excerpt(line)}")
    return record


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text) if "\\" in text else text

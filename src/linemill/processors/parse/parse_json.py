"""Parse lines of JSON."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson

from linemill.processors._wording import excerpt, kind_of


def parse_json(line: str) -> dict[str, Any]:
    """Parse each line as one JSON object and give it as a record.

    Anything else, a blank line too, is a dead letter. Where a name comes twice in an object the last one counts. Whole
    numbers beyond 64 bits become floating-point ones.

    Example:
        nodes:
          parse:
            use: linemill.processors:parse_json
            to: time
          time:
            use: linemill.processors:select
            with: {fields: [time, level]}
            to: times
        outputs:
          times: out/{name}

    Given:
        {"time": "10:00", "level": "info"}
        {"time": "10:01", "level": "error", "code": 7}

    Gives:
        {"time":"10:00","level":"info"}
        {"time":"10:01","level":"error"}
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        value = _parse_undecodable(line, error)
    if isinstance(value, dict):
        return value
    raise ValueError(f"expected a JSON object, found {kind_of(value)}: {excerpt(line)}")


def _parse_undecodable(line: str, error: orjson.JSONDecodeError) -> Any:
    """Parse a line that orjson refused because of bytes that are no UTF-8, which the standard library carries along."""
    try:
        line.encode()
    except UnicodeEncodeError:
        try:
            return json.loads(line, parse_constant=_refuse_constant)
        except json.JSONDecodeError as json_error:
            error = orjson.JSONDecodeError(json_error.msg, json_error.doc, json_error.pos)
    raise ValueError(f"expected a JSON object, found {excerpt(line)}: {error.msg} at column {error.colno}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"expected a JSON object, found {name}, which is not JSON")
